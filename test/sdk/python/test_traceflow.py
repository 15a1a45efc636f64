"""Traceflows and statistics of the sandbox's cluster, asked for by its users."""
from support import CLUSTER_ID, SdkTest, m


class Traceflows(SdkTest):
    def pods(self):
        pods = self.mp.fabric.ContainerApplicationInstances.list_container_application_instances().results
        return [pod for pod in pods if any(item.key == 'ip' and item.value for item in pod.origin_properties or [])]

    def trace(self, source, destination, port=80):
        """The packet's keys are NSX's own: TCP, with SYN, to this port."""
        packet = m.AntreaTraceflowPacketData(
            resource_type='FIELDS_PACKET_DATA', transport_type='UNICAST',
            transport_header=m.AntreaTraceflowTransportHeader(
                tcp_header=m.AntreaTraceflowTcpHeader(src_port=40000, dst_port=port, tcp_flags=2)))
        return m.AntreaTraceflowConfig(container_cluster_id=CLUSTER_ID, source_external_id=source.external_id,
                                       destination_external_id=destination.external_id, packet=packet)

    def finished(self, name):
        status = self.infra.antrea.traceflows.Status

        def look():
            found = status.policy_lm_read_antrea_traceflow_status(name)
            return found if found.phase else None

        return self.until('the traceflow has ended', look, 60)

    def test_a_packet(self):
        flows = self.infra.antrea.Traceflows
        source, destination = self.pods()[:2]
        made = flows.policy_lm_update_antrea_traceflow_config('sdk-trace', self.trace(source, destination))
        self.assertEqual((made.id, made.packet.transport_header.tcp_header.dst_port), ('sdk-trace', 80))
        self.assertEqual(self.finished('sdk-trace').phase, 'SUCCEEDED')
        observations = self.infra.antrea.traceflows.Observations
        seen = observations.policy_lm_list_antrea_traceflow_observations('sdk-trace').results
        self.assertTrue(seen)
        nodes = {node.external_id for node in self.mp.fabric.ContainerClusterNodes.list_container_cluster_nodes().results}
        for one in seen:
            self.assertIn(one.container_node_id, nodes)
            self.assertRegex(one.observation_type, '^AntreaTraceflowObservation(Delivered|Received|Forwarded|Dropped)$')
        again = flows.policy_lm_restart_antrea_traceflow('sdk-trace', action='retrace')
        self.assertEqual(again.id, 'sdk-trace')
        self.assertEqual(self.finished('sdk-trace').phase, 'SUCCEEDED')
        self.assertIn('sdk-trace', [one.id for one in flows.policy_lm_list_antrea_traceflow_config().results])
        flows.policy_lm_delete_antrea_traceflow_config('sdk-trace')
        self.refused(404, 600, flows.policy_lm_read_antrea_traceflow_config, 'sdk-trace')

    def test_a_source_that_is_not_there(self):
        flows = self.infra.antrea.Traceflows
        source = self.pods()[0]
        config = self.trace(source, source)
        config.source_external_id = '00000000-0000-4000-8000-000000000000'
        flows.policy_lm_patch_antrea_traceflow_config('sdk-trace-none', config)
        status = self.finished('sdk-trace-none')
        self.assertEqual(status.phase, 'FAILED')
        self.assertTrue(status.reason)
        flows.policy_lm_delete_antrea_traceflow_config('sdk-trace-none')

    def test_statistics(self):
        plane = self.points.ClusterControlPlanes.policy_lm_list_cluster_control_plane('default', 'default').results[0]
        self.patch_group('sdk-s-group', group_type=['ANTREA'], expression=[self.pod('dis:k8s:app|web')])
        rule = m.Rule(id='r', action='ALLOW', direction='IN', source_groups=['ANY'], destination_groups=['ANY'],
                      services=['ANY'], scope=['ANY'], sequence_number=1)
        self.patch_policy('sdk-s-policy', category='Application', scope=[self.group_path('sdk-s-group')], rules=[rule])
        self.domains.security_policies.ContainerClusterSpan.policy_patch_container_cluster_span(
            'default', 'sdk-s-policy', 's', m.SecurityPolicyContainerCluster(container_cluster_path=plane.path))
        statistics = self.domains.security_policies.Statistics

        def counted():
            return statistics.policy_get_security_policy_statistics(
                'default', 'sdk-s-policy', container_cluster_path=plane.path).results

        result = self.until('the cluster has counted', counted, 60)[0]
        self.assertEqual(result.container_cluster_path, plane.path)
        one = result.statistics.results[0]
        self.assertEqual((one.rule, type(one.packet_count)), (self.policy_path('sdk-s-policy') + '/rules/r', int))
        self.refused(400, 255, statistics.policy_get_security_policy_statistics, 'default', 'sdk-s-policy',
                     container_cluster_path=plane.path + '-none')
        self.delete_policy('sdk-s-policy')
        self.delete_group('sdk-s-group')
