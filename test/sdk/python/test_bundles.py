"""Support bundles of the cluster, collected through NSX's own call."""
import hashlib
import io
import json
import tarfile
import time

from support import CLUSTER_ID, READY, URL, SdkTest, http_session, m


class Bundles(SdkTest):
    def test_settings(self):
        bundles = self.mp.administration.support_bundles
        self.assertEqual(bundles.DynamicContentFilters.get_dynamic_content_filter_values().dynamic_content_filters, [])
        self.assertTrue(bundles.Config.get_support_bundle_config_node().enable_concurrent_tasks)
        changed = bundles.Config.update_support_bundle_config_node(m.SupportBundleConfig(enable_concurrent_tasks=False))
        self.assertFalse(changed.enable_concurrent_tasks)
        bundles.Config.update_support_bundle_config_node(m.SupportBundleConfig(enable_concurrent_tasks=True))

    def test_collected(self):
        plain = http_session()
        plain.auth = (READY['manager']['user'], READY['manager']['password'])
        base = URL + '/api/v1/administration/support-bundles'
        # The SDK binds container_nodes to their base type, which has no clusters: this call is made without it.
        node = {'container_type': 'ANTREA', 'clusters': [{'cluster_id': CLUSTER_ID}]}
        request = {'container_nodes': [node], 'content_filters': ['ALL'], 'log_age_limit': 1}
        begun = plain.post(base + '?action=collect', json=request, headers={'vmw-async': 'true'})
        self.assertEqual((begun.status_code, len(begun.json()['remaining_nodes'])), (200, 1))
        until = time.monotonic() + 60
        while True:
            status = plain.get(base + '/status').json()
            if not status['remaining_nodes'] or time.monotonic() > until:
                break
            time.sleep(0.5)
        self.assertEqual(status['remaining_nodes'], [])
        archive = tarfile.open(fileobj=io.BytesIO(plain.get(base + '/content').content))
        self.assertEqual(json.load(archive.extractfile('manifest.json'))['success_nodes'], status['success_nodes'])
        names = [node['bundle_name'].rsplit('/', 1)[1] for node in status['success_nodes']]
        self.assertIn('controller.tar.gz', names)
        for node in status['success_nodes']:
            content = archive.extractfile(node['bundle_name']).read()
            self.assertEqual(len(content), node['bundle_size'])
            self.assertEqual(hashlib.sha256(content).hexdigest(), node['sha256_thumbprint'])
        self.mp.administration.SupportBundles.delete_support_bundles_async_response_delete_async_response()
        self.assertEqual(plain.get(base + '/status').status_code, 404)

