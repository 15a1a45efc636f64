"""Virtual machines with tags and addresses, and effective members of groups."""
from support import CLUSTER_ID, READY, SdkTest, URL, http_session, m


class Members(SdkTest):
    def machine(self, name, **fields):
        """The SDK has no call that makes a machine: hosts report them to a real NSX."""
        session = http_session()
        session.auth = (READY['manager']['user'], READY['manager']['password'])
        answer = session.put('%s/api/v1/fabric/virtual-machines/%s' % (URL, name), json=fields)
        self.assertEqual(answer.status_code, 200, answer.text)
        self.addCleanup(session.delete, '%s/api/v1/fabric/virtual-machines/%s' % (URL, name))

    @property
    def members(self):
        return self.domains.groups.members

    def addresses(self, group):
        return self.members.IpAddresses.policy_lm_get_group_ip_members('default', group).results

    def test_machines(self):
        self.machine('sdk-vm-1', display_name='sdk-db-1', ip_addresses=['192.0.2.11'])
        self.machine('sdk-vm-2', display_name='sdk-db-2', ip_addresses=['192.0.2.12'],
                     tags=[{'scope': 'sdk-role', 'tag': 'db'}])
        machines = self.mp.fabric.VirtualMachines
        one = machines.list_virtual_machines(external_id='sdk-vm-1').results
        self.assertEqual([(vm.display_name, vm.tags) for vm in one], [('sdk-db-1', [])])
        vifs = self.mp.fabric.Vifs.list_vifs(owner_vm_id='sdk-vm-1').results
        self.assertEqual(vifs[0].ip_address_info[0].ip_addresses, ['192.0.2.11'])
        condition = m.Condition(member_type='VirtualMachine', key='Tag', operator='EQUALS', value='sdk-role|db')
        self.patch_group('sdk-m-db', expression=[condition])
        self.assertEqual(self.addresses('sdk-m-db'), ['192.0.2.12'])
        machines.add_virtual_machine_tags(m.VirtualMachineTagUpdate(
            external_id='sdk-vm-1', tags=[m.Tag(scope='sdk-role', tag='db')]))
        self.assertEqual(self.addresses('sdk-m-db'), ['192.0.2.11', '192.0.2.12'])
        listed = self.members.VirtualMachines.policy_lm_get_group_vm_members('default', 'sdk-m-db').results
        self.assertEqual([vm.id for vm in listed], ['sdk-vm-1', 'sdk-vm-2'])
        self.infra.realized_state.virtual_machines.Tags.policy_lm_apply_tag_on_virtual_machine(
            'sdk-vm-2', m.VirtualMachineTagsUpdate(virtual_machine_id='sdk-vm-2', tags=[]))
        self.assertEqual(self.addresses('sdk-m-db'), ['192.0.2.11'])
        self.assertIn('sdk-vm-2', [vm.external_id for vm in
                                   self.infra.realized_state.VirtualMachines.policy_lm_list_all_virtual_machines().results])
        groups = self.domains.groups
        self.assertEqual(groups.MemberTypes.policy_get_member_types_for_group('default', 'sdk-m-db').results,
                         ['VirtualMachine'])
        tags = groups.Tags.policy_lm_get_group_tags('default', 'sdk-m-db').results
        self.assertEqual([(one.member_type, one.tags) for one in tags], [('VirtualMachine', ['sdk-role|db'])])
        self.delete_group('sdk-m-db')

    def test_pods(self):
        pods = self.mp.fabric.ContainerApplicationInstances.list_container_application_instances().results
        pod = next(one for one in pods if one.tags)
        project = self.mp.fabric.ContainerProjects.get_container_project(pod.container_project_id)
        condition = m.NestedExpression(expressions=[
            m.Condition(member_type='Namespace', key='Name', operator='EQUALS', value=project.display_name),
            m.ConjunctionOperator(conjunction_operator='AND'),
            self.pod('%s|%s' % (pod.tags[0].scope, pod.tags[0].tag)),
        ])
        self.patch_group('sdk-m-pods', group_type=['ANTREA'], expression=[condition])
        results = self.members.Pods.policy_lm_get_group_pod_members('default', 'sdk-m-pods', cluster_id=CLUSTER_ID).results
        [cluster] = results[0].cluster
        self.assertEqual(cluster.cluster_id, CLUSTER_ID)
        [namespace] = cluster.namespaces
        self.assertEqual((namespace.id, namespace.display_name), (project.external_id, project.display_name))
        self.assertIn(pod.external_id, [one.id for one in namespace.pods])
        self.assertEqual(self.addresses('sdk-m-pods'), [])
        associated = self.domains.groups.AssociatedKubernetesClusters
        [one] = associated.policy_lm_get_group_associated_kubernetes_clusters('default', 'sdk-m-pods').results
        self.assertEqual([cluster.external_id for cluster in one.clusters], [CLUSTER_ID])
        self.delete_group('sdk-m-pods')

    def test_of_the_cluster(self):
        def group(name, member_type):
            self.patch_group(name, expression=[
                m.Condition(member_type=member_type, key='Name', operator='NOTEQUALS', value='nothing is called so')])
            self.addCleanup(self.delete_group, name)
            return ('default', name)

        nodes = group('sdk-m-nodes', 'KubernetesNode')
        ips = self.members.KubernetesNodeIps.policy_lm_get_group_kubernetes_node_members(*nodes).results
        inventory = self.mp.fabric.ContainerClusterNodes.list_container_cluster_nodes().results
        self.assertEqual({node.external_id: node.ip_addresses for node in ips[0].clusters[0].kubernetes_nodes},
                         {node.external_id: node.ip_addresses for node in inventory})
        cidrs = self.members.KubernetesNodePodCidrs.policy_lm_get_group_pod_cidr_members(*nodes).results
        self.assertEqual(len(cidrs[0].clusters[0].kubernetes_nodes), len(inventory))
        services = self.members.KubernetesServices.policy_lm_get_group_kubernetes_service_members(
            *group('sdk-m-services', 'KubernetesService')).results
        self.assertTrue(services[0].clusters[0].namespaces[0].kubernetes_services[0].external_id)
        ingresses = self.members.KubernetesIngresses.policy_lm_get_group_kubernetes_ingress_members(
            *group('sdk-m-ingresses', 'KubernetesIngress')).results
        self.assertTrue(ingresses[0].clusters[0].namespaces[0].kubernetes_ingresses)
        for name, member_type, call in (
                ('sdk-m-egresses', 'AntreaEgress', self.members.AntreaEgresses.policy_lm_get_group_antrea_egress_members),
                ('sdk-m-pools', 'AntreaIPPool', self.members.AntreaIpPools.policy_lm_get_group_antrea_ip_pool_members),
                ('sdk-m-gateways', 'KubernetesGateway',
                 self.members.KubernetesGateways.policy_lm_get_group_kubernetes_gateway_members)):
            self.assertEqual(call(*group(name, member_type)).result_count, 0)
