"""Principal identities and certificates: registered, used, rotated, deleted."""
import os
import tempfile

from support import SdkTest, clients, http_session, m
from test_clusters import self_signed


class Identities(SdkTest):
    def as_certificate(self, pem, key):
        """The SDK with this certificate and nothing else."""
        session = http_session()
        files = []
        for text in (pem, key):
            handle, path = tempfile.mkstemp()
            self.addCleanup(os.unlink, path)
            with os.fdopen(handle, 'w') as file:
                file.write(text)
            files.append(path)
        session.cert = tuple(files)
        nsx, _, config = clients(session, basic=False)
        return nsx.infra.domains.Groups, config.response_extractor

    def test_a_life(self):
        trust = self.mp.trust_management
        pem, key = self_signed('sdk-identity')
        made = trust.principal_identities.WithCertificate.register_principal_identity_with_certificate(
            m.PrincipalIdentityWithCertificate(
                name='sdk-identity', node_id='sdk-node', certificate_pem=pem, is_protected=False,
                roles_for_paths=[m.RolesForPath(path='/', roles=[m.Role(role='enterprise_admin')])],
                tags=[m.Tag(scope='sdk', tag='identity')]))
        self.assertEqual(self.last.get_http_status(), 201)
        identities = trust.PrincipalIdentities
        self.assertIn(made.id, [one.id for one in identities.get_principal_identities().results])
        self.assertEqual(identities.get_principal_identity(made.id).certificate_id, made.certificate_id)
        found = self.mp.search.Query.policy_query_search(
            query='resource_type:principalidentity AND tags.scope:sdk AND tags.tag:identity').results
        self.assertEqual([result.to_dict()['id'] for result in found], [made.id])
        groups, last = self.as_certificate(pem, key)
        groups.policy_patch_group_for_domain('default', 'sdk-i-group', m.Group())
        self.delete_group('sdk-i-group')
        # Rotated: imported, taken over, the old one deleted.
        new_pem, new_key = self_signed('sdk-identity')
        certificates = trust.Certificates
        imported = certificates.add_certificate(m.TrustObjectData(display_name='sdk new', pem_encoded=new_pem))
        self.assertEqual((self.last.get_http_status(), imported.result_count), (201, 1))
        updated = identities.update_principal_identity_certificate(m.UpdatePrincipalIdentityCertificateRequest(
            principal_identity_id=made.id, certificate_id=imported.results[0].id))
        self.assertEqual(updated.certificate_id, imported.results[0].id)
        mine = self.last
        self.last = last
        self.refused(403, 403, groups.policy_list_group_for_domain, 'default')
        self.last = mine
        renewed, _ = self.as_certificate(new_pem, new_key)
        renewed.policy_list_group_for_domain('default')
        shown = certificates.get_certificate(imported.results[0].id, details=True)
        self.assertEqual((shown.details[0].subject_cn, shown.category), ('sdk-identity', 'PRINCIPAL_IDENTITY_CERTIFICATE'))
        self.refused(400, 500030, certificates.delete_certificate, imported.results[0].id)
        certificates.delete_certificate(made.certificate_id)
        identities.delete_principal_identity(made.id)
        self.refused(404, 600, identities.get_principal_identity, made.id)
        certificates.delete_certificate(imported.results[0].id)
        self.refused(404, 600, certificates.get_certificate, imported.results[0].id)

    def test_refused(self):
        register = self.mp.trust_management.principal_identities.WithCertificate
        pem, _ = self_signed('sdk-refused')
        for name in ('two words', ''):
            self.refused(400, 255, register.register_principal_identity_with_certificate,
                         m.PrincipalIdentityWithCertificate(name=name, node_id='n', certificate_pem=pem))
        self.refused(400, 255, register.register_principal_identity_with_certificate,
                     m.PrincipalIdentityWithCertificate(name='n', node_id='n', certificate_pem='none'))
