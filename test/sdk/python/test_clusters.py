"""Cluster control planes: status, heartbeats, deletes; sessions and who one is."""
import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from vcf.nsx.api.v1.reverse_proxy import node_client as reverse_proxy

from support import CLUSTER_ID, READY, SdkTest, URL, clients, http_session, m


def self_signed(name):
    """A certificate and its key, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
                   .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
                   .not_valid_after(now + datetime.timedelta(days=30)).sign(key, hashes.SHA256()))
    return (certificate.public_bytes(serialization.Encoding.PEM).decode(),
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                              serialization.NoEncryption()).decode())


class Clusters(SdkTest):
    def planes(self):
        return self.points.ClusterControlPlanes

    def test_listed(self):
        listed = self.planes().policy_lm_list_cluster_control_plane('default', 'default')
        mine = [plane for plane in listed.results if plane.node_id == CLUSTER_ID]
        self.assertEqual(len(mine), 1)
        self.assertEqual(mine[0].node_type, 'ANTREA_NODE')
        self.assertIn('BEGIN CERTIFICATE', mine[0].certificate)
        one = self.planes().policy_lm_get_cluster_control_plane('default', 'default', mine[0].id)
        self.assertEqual(one.to_dict(), mine[0].to_dict())

    def test_status(self):
        status = self.points.cluster_control_planes.Status
        name = self.planes().policy_lm_list_cluster_control_plane('default', 'default').results[0].id

        def connected():
            info = status.policy_lm_read_antrea_status('default', 'default', name)
            return info if info.ccp_adapter_status.status == 'HEALTHY' else None

        info = self.until('the adapter reports its health', connected, 60)
        kinds = {item.condition_type for item in info.ccp_adapter_status.conditions}
        self.assertIn('CCP_ADAPTER_HEALTHY', kinds)
        listed = self.points.ClusterControlPlanesStatus.policy_lm_list_antrea_status('default', 'default')
        self.assertEqual([item.path for item in listed.results if item.id == name], [info.path])

    def test_heartbeats(self):
        config = self.points.cluster_control_planes.HeartbeatConfig
        name = self.planes().policy_lm_list_cluster_control_plane('default', 'default').results[0].id
        where = ('default', 'default', name)
        before = config.policy_lm_read_antrea_heartbeat_config(*where)
        self.assertEqual(before.report_interval, 60)
        put = config.policy_lm_update_antrea_heartbeat_config(
            *where, m.AntreaHeartbeatConfig(report_interval=90, revision=before.revision))
        self.assertEqual(put.report_interval, 90)
        config.policy_lm_patch_antrea_heartbeat_config(*where, m.AntreaHeartbeatConfig(report_interval=60))
        self.assertEqual(config.policy_lm_read_antrea_heartbeat_config(*where).report_interval, 60)
        for wrong in (59, 601):
            self.refused(400, 255, config.policy_lm_patch_antrea_heartbeat_config, *where,
                         m.AntreaHeartbeatConfig(report_interval=wrong))
        listed = self.points.ClusterControlPlanesHeartbeatConfig.policy_lm_list_antrea_heartbeat_config(
            'default', 'default')
        self.assertIn(before.path, [item.path for item in listed.results])

    def test_registered_and_deleted(self):
        where = ('default', 'default', 'sdk-cluster')
        certificate, _ = self_signed('sdk-cluster')
        made = self.planes().policy_lm_create_or_update_cluster_control_plane(
            *where, m.ClusterControlPlane(certificate=certificate))
        self.assertEqual(self.last.get_http_status(), 201)
        self.assertTrue(made.node_id)
        other, _ = self_signed('sdk-cluster')
        made.certificate = other
        renewed = self.planes().policy_lm_create_or_update_cluster_control_plane(*where, made)
        self.assertEqual((renewed.node_id, renewed.certificate), (made.node_id, other))
        self.patch_policy('sdk-c-policy', category='Application')
        self.domains.security_policies.ContainerClusterSpan.policy_patch_container_cluster_span(
            'default', 'sdk-c-policy', 's', m.SecurityPolicyContainerCluster(container_cluster_path=made.path))
        self.refused(400, 500030, self.planes().policy_lm_delete_cluster_control_plane, *where)
        self.planes().policy_lm_delete_cluster_control_plane(*where, cascade=True)
        self.refused(404, 600, self.planes().policy_lm_get_cluster_control_plane, *where)
        listed = self.domains.security_policies.ContainerClusterSpan.policy_list_container_clusters_for_security_policy(
            'default', 'sdk-c-policy')
        self.assertEqual(listed.results, [])
        self.delete_policy('sdk-c-policy')


class Sessions(SdkTest):
    def test_a_session(self):
        session = http_session()
        form = {'j_username': READY['manager']['user'], 'j_password': READY['manager']['password']}
        answer = session.post(URL + '/api/session/create', data=form)
        self.assertEqual(answer.status_code, 200)
        session.headers['X-XSRF-TOKEN'] = answer.headers['X-XSRF-TOKEN']
        nsx, mp, config = clients(session, basic=False)
        self.assertEqual(nsx.infra.Domains.policy_read_domain_for_infra('default').id, 'default')
        self.assertEqual(mp.node.Version.node_read_node_version().node_version.split('.')[0], '9')
        self.assertEqual(session.post(URL + '/api/session/destroy').status_code, 200)
        self.last = config.response_extractor
        self.refused(403, 403, nsx.infra.Domains.policy_read_domain_for_infra, 'default')

    def health(self):
        # The tree of stubs that the SDK builds leaves this one out.
        return reverse_proxy.Health(self.config).get_node_health()

    def test_the_node(self):
        self.assertTrue(self.health().healthy)
        user = self.nsx.aaa.UserInfo.lm_policy_get_current_user_info()
        self.assertEqual(user.user_name, READY['manager']['user'])
        self.assertEqual([role.role for role in user.roles], ['enterprise_admin'])
