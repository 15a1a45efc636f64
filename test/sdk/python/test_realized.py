"""A policy on its way to the cluster and back: realized state, also with the status that is enforced."""
from support import SdkTest, m


class Realized(SdkTest):
    def cluster(self):
        return self.points.ClusterControlPlanes.policy_lm_list_cluster_control_plane('default', 'default').results[0]

    def entities(self, path):
        return self.infra.realized_state.RealizedEntities.policy_lm_list_realized_entities(path).results

    def status(self, path, enforced=None):
        return self.infra.realized_state.Status.policy_lm_read_intent_status(
            intent_path=path, include_enforced_status=enforced)

    def test_realized_and_deleted(self):
        self.patch_group('sdk-r-group', group_type=['ANTREA'], expression=[self.pod('dis:k8s:app|web')])
        group = self.group_path('sdk-r-group')
        rule = m.Rule(id='r', action='ALLOW', direction='IN', source_groups=['ANY'], destination_groups=['ANY'],
                      services=['/infra/services/HTTP'], scope=['ANY'], sequence_number=1)
        self.patch_policy('sdk-r-policy', category='Application', scope=[group], rules=[rule])
        path = self.policy_path('sdk-r-policy')
        # Nothing enforces a policy without a span: it is realized by being stored.
        self.assertEqual([entity.state for entity in self.entities(path)], ['REALIZED'])
        cluster = self.cluster()
        self.domains.security_policies.ContainerClusterSpan.policy_patch_container_cluster_span(
            'default', 'sdk-r-policy', 'one', m.SecurityPolicyContainerCluster(container_cluster_path=cluster.path))

        def realized():
            found = self.entities(path)
            return found if found and all(entity.state == 'REALIZED' for entity in found) else None

        entity = self.until('the policy is realized', realized)[0]
        self.assertEqual((entity.entity_type, entity.resource_type), ('RealizedSecurityPolicy', 'GenericPolicyRealizedResource'))
        self.assertEqual((entity.intent_paths, entity.enforcement_point_path), ([path], cluster.path))
        status = self.status(path)
        self.assertEqual((status.intent_path, status.publish_status), (path, 'REALIZED'))
        self.assertEqual(status.consolidated_status.consolidated_status, 'SUCCESS')
        point = status.consolidated_status_per_enforcement_point[0].convert_to(m.ConsolidatedStatusPerEnforcementPoint)
        self.assertEqual(point.enforcement_point_path, cluster.path)
        enforced = self.status(path, enforced=True)
        point = enforced.consolidated_status_per_enforcement_point[0].convert_to(m.ConsolidatedStatusNsxt)
        info = point.enforced_status.enforced_status_info.enforced_status
        self.assertEqual(info.status, 'SUCCESS')
        self.assertRegex(info.status_message, r'^realized on \d+ of \d+ nodes$')
        self.assertIs(point.enforced_status.pending_changes_info.pending_changes_flag, False)
        self.assertEqual(self.status(path + '/rules/r').publish_status, 'REALIZED')
        self.refused(400, 255, self.status, path + '/rules/r', True)
        self.delete_policy('sdk-r-policy')
        self.refused(404, 600, self.status, path)
        self.delete_group('sdk-r-group')

    def test_a_problem(self):
        rule = m.Rule(id='r', action='ALLOW', direction='IN', source_groups=['ANY'], destination_groups=['ANY'],
                      services=['/infra/services/sdk-r-igmp'], scope=['ANY'])
        self.infra.Services.policy_patch_service_for_tenant('sdk-r-igmp', m.Service(
            service_entries=[m.ALGTypeServiceEntry(id='e', alg='FTP', destination_ports=['21'])]))
        self.patch_policy('sdk-r-bad', category='Application', rules=[rule])
        path = self.policy_path('sdk-r-bad')
        cluster = self.cluster()
        self.domains.security_policies.ContainerClusterSpan.policy_patch_container_cluster_span(
            'default', 'sdk-r-bad', 'one', m.SecurityPolicyContainerCluster(container_cluster_path=cluster.path))

        def failed():
            found = self.entities(path)
            return found if found and found[0].state == 'ERROR' else None

        entity = self.until('the policy is refused', failed)[0]
        self.assertTrue(entity.alarms[0].message)
        related = entity.alarms[0].error_details.related_errors
        self.assertTrue(related and related[0].error_message)
        status = self.status(path, enforced=True)
        self.assertEqual(status.publish_status, 'ERROR')
        point = status.consolidated_status_per_enforcement_point[0].convert_to(m.ConsolidatedStatusNsxt)
        self.assertEqual(point.enforced_status.enforced_status_info.enforced_status.status, 'FAILURE')
        self.delete_policy('sdk-r-bad')
        self.infra.Services.policy_delete_service_for_tenant('sdk-r-igmp')
