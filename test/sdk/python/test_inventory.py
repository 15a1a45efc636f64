"""What the adapter reported of the cluster, read back through the manager API."""
from support import CLUSTER_ID, SdkTest


class Inventory(SdkTest):
    def every(self, call, **parameters):
        """All objects of a list, in pages of two."""
        found, cursor = [], None
        while True:
            page = call(cursor=cursor, page_size=2, **parameters)
            found += page.results
            self.assertGreaterEqual(page.result_count, len(found))
            cursor = page.cursor
            if cursor is None:
                self.assertEqual(page.result_count, len(found))
                return found

    def test_the_cluster(self):
        fabric = self.mp.fabric
        one = fabric.ContainerClusters.get_container_cluster(CLUSTER_ID)
        self.assertEqual((one.external_id, one.cni_type, one.cluster_type), (CLUSTER_ID, 'Antrea', 'Kubernetes'))
        self.assertIn(CLUSTER_ID, [c.external_id for c in fabric.ContainerClusters.list_container_clusters(
            cluster_type='Kubernetes').results])
        self.assertNotIn(CLUSTER_ID, [c.external_id for c in fabric.ContainerClusters.list_container_clusters(
            cluster_type='PKS').results])
        self.refused(404, 600, fabric.ContainerClusters.get_container_cluster, 'nowhere')

    def test_every_type(self):
        fabric = self.mp.fabric
        lists = {
            'nodes': (fabric.ContainerClusterNodes.list_container_cluster_nodes,
                      fabric.ContainerClusterNodes.get_container_cluster_node),
            'namespaces': (fabric.ContainerProjects.list_container_projects,
                           fabric.ContainerProjects.get_container_project),
            'services': (fabric.ContainerApplications.list_container_applications,
                         fabric.ContainerApplications.get_container_application),
            'pods': (fabric.ContainerApplicationInstances.list_container_application_instances,
                     fabric.ContainerApplicationInstances.get_container_application_instance),
            'network policies': (fabric.ContainerNetworkPolicies.list_container_network_policies,
                                 fabric.ContainerNetworkPolicies.get_container_network_policy),
            'ingresses': (fabric.ContainerIngressPolicies.list_container_ingress_policies,
                          fabric.ContainerIngressPolicies.get_container_ingress_policy),
        }
        for name, (many, one) in lists.items():
            with self.subTest(name):
                found = self.until(name, lambda: self.every(many, container_cluster_id=CLUSTER_ID))
                for item in found:
                    self.assertEqual(item.container_cluster_id, CLUSTER_ID)
                self.assertEqual(one(found[0].external_id).external_id, found[0].external_id)
                self.assertEqual(self.every(many, scope_id='another'), [])
                self.refused(404, 600, one, 'nowhere')

    def test_lists_that_may_be_empty(self):
        fabric = self.mp.fabric
        for many in (fabric.ContainerEgresses.list_container_egress, fabric.ContainerGateways.list_container_gateway,
                     fabric.ContainerIpPools.list_container_ip_pool):
            page = many(container_cluster_id=CLUSTER_ID)
            self.assertEqual(page.result_count, len(page.results))

    def test_pods_of_a_service(self):
        fabric = self.mp.fabric
        pods = self.every(fabric.ContainerApplicationInstances.list_container_application_instances)
        served = [pod for pod in pods if pod.container_application_ids]
        self.assertTrue(served)
        application = served[0].container_application_ids[0]
        found = fabric.ContainerApplicationInstances.list_container_application_instances(
            container_application_id=application).results
        self.assertIn(served[0].external_id, [pod.external_id for pod in found])
        for pod in found:
            self.assertIn(application, pod.container_application_ids)
        project = served[0].container_project_id
        for pod in fabric.ContainerApplicationInstances.list_container_application_instances(
                container_project_id=project).results:
            self.assertEqual(pod.container_project_id, project)
