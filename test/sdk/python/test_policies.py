"""Security policies: categories, rules, spans, conflicts."""
from support import SdkTest, m

CATEGORIES = ['Ethernet', 'Emergency', 'Infrastructure', 'Environment', 'Application']


class Policies(SdkTest):
    @property
    def spans(self):
        return self.domains.security_policies.ContainerClusterSpan

    @property
    def rules(self):
        return self.domains.security_policies.Rules

    def cluster(self):
        return self.points.ClusterControlPlanes.policy_lm_list_cluster_control_plane('default', 'default').results[0]

    def test_every_category(self):
        for number, category in enumerate(CATEGORIES):
            with self.subTest(category):
                name = 'sdk-p-' + category.lower()
                self.patch_policy(name, category=category, sequence_number=number)
                read = self.read_policy(name)
                self.assertEqual((read.category, read.sequence_number, read.rules), (category, number, []))
                stateful = category != 'Ethernet'
                self.assertEqual((read.stateful, read.tcp_strict), (stateful, stateful))
                self.assertEqual((read.locked, read.is_default), (False, False))
                self.delete_policy(name)
        self.refused(400, 255, self.patch_policy, 'sdk-p-bad', category='Nothing')

    def test_every_field_of_a_rule(self):
        self.patch_group('sdk-p-group', group_type=['ANTREA'], expression=[self.pod('dis:k8s:app|web')])
        path = self.group_path('sdk-p-group')
        sent = m.Rule(
            id='r', display_name='A rule', action='REJECT', direction='IN', ip_protocol='IPV4',
            source_groups=['10.0.0.0/8', path], destination_groups=['ANY'], sources_excluded=False,
            destinations_excluded=False, services=['/infra/services/HTTP'], scope=[path], logged=True, disabled=True,
            tag='label', notes='for a person', sequence_number=7,
            service_entries=[m.L4PortSetServiceEntry(l4_protocol='TCP', destination_ports=['443'])])
        self.patch_policy('sdk-p-rules', category='Application', scope=[path], rules=[sent], comments='why')
        policy = self.read_policy('sdk-p-rules')
        got = policy.rules[0].to_dict()
        self.assertEqual({key: got[key] for key in sent.to_dict()}, sent.to_dict())
        self.assertGreaterEqual(policy.rules[0].rule_id, 1000)
        self.assertEqual(policy.rules[0].parent_path, policy.path)
        self.assertEqual((policy.scope, policy.comments), ([path], 'why'))
        self.delete_policy('sdk-p-rules')
        self.delete_group('sdk-p-group')

    def test_rules_on_their_own(self):
        ids = ['first', 'second', 'third']
        rules = [m.Rule(id=name, action='ALLOW', sequence_number=30 - 10 * n, source_groups=['ANY'],
                        destination_groups=['ANY'], services=['ANY'], scope=['ANY']) for n, name in enumerate(ids)]
        self.patch_policy('sdk-p-own', category='Application', rules=rules)
        self.assertEqual([rule.id for rule in self.read_policy('sdk-p-own').rules], ids[::-1])
        self.assertEqual([r.id for r in self.rules.policy_list_security_rules('default', 'sdk-p-own').results], ids[::-1])
        one = self.rules.policy_read_security_rule('default', 'sdk-p-own', 'second')
        one.action = 'DROP'
        put = self.rules.policy_update_security_rule('default', 'sdk-p-own', 'second', one)
        self.assertEqual((put.action, put.revision, put.rule_id), ('DROP', 1, one.rule_id))
        self.refused(412, 604, self.rules.policy_update_security_rule, 'default', 'sdk-p-own', 'second', one)
        sibling = self.rules.policy_read_security_rule('default', 'sdk-p-own', 'first')
        self.assertEqual(sibling.revision, 0)
        self.rules.policy_patch_security_rule('default', 'sdk-p-own', 'fourth', m.Rule(action='ALLOW'))
        fourth = self.rules.policy_read_security_rule('default', 'sdk-p-own', 'fourth')
        self.assertEqual((fourth.direction, fourth.ip_protocol, fourth.disabled), ('IN_OUT', 'IPV4_IPV6', False))
        self.rules.policy_delete_security_rule('default', 'sdk-p-own', 'fourth')
        listed = self.domains.SecurityPolicies.policy_list_security_policies_for_domain('default', include_rule_count=True)
        counts = {policy.id: policy.rule_count for policy in listed.results}
        self.assertEqual(counts['sdk-p-own'], 3)
        # PUT replaces the rules too; PATCH keeps those that it does not name.
        whole = self.read_policy('sdk-p-own')
        whole.rules = whole.rules[:1]
        put = self.domains.SecurityPolicies.policy_update_security_policy_for_domain('default', 'sdk-p-own', whole)
        self.assertEqual([rule.id for rule in put.rules], ['third'])
        self.patch_policy('sdk-p-own', category='Application', description='no rules named')
        self.assertEqual(len(self.read_policy('sdk-p-own').rules), 1)
        self.delete_policy('sdk-p-own')

    def test_references(self):
        missing = self.group_path('sdk-p-missing')
        rule = m.Rule(id='r', action='ALLOW', source_groups=[missing])
        body = self.refused(400, 500012, self.patch_policy, 'sdk-p-ref', category='Application', rules=[rule])
        self.assertIn(missing, body['error_message'])
        self.refused(404, 600, self.read_policy, 'sdk-p-ref')
        self.patch_group('sdk-p-missing')
        self.patch_policy('sdk-p-ref', category='Application', rules=[rule])
        body = self.refused(400, 500030, self.delete_group, 'sdk-p-missing')
        self.assertIn('sdk-p-ref', body['error_message'])
        self.delete_policy('sdk-p-ref')
        self.delete_group('sdk-p-missing')

    def test_revised(self):
        policies, rules = self.domains.SecurityPolicies, self.domains.security_policies.Rules
        for number, name in enumerate(('sdk-p-first', 'sdk-p-second')):
            self.patch_policy(name, category='Emergency', sequence_number=number + 1)
        moved = policies.policy_revise_security_policies(
            'default', 'sdk-p-second', self.read_policy('sdk-p-second'), operation='insert_before',
            anchor_path=self.policy_path('sdk-p-first'))
        self.assertLess(moved.sequence_number, self.read_policy('sdk-p-first').sequence_number)
        for number, name in enumerate(('a', 'b', 'c')):
            rules.policy_patch_security_rule('default', 'sdk-p-first', name, m.Rule(action='ALLOW', sequence_number=number))
        rule = rules.policy_read_security_rule('default', 'sdk-p-first', 'c')
        again = rules.policy_revise_security_rule('default', 'sdk-p-first', 'c', rule)
        self.assertEqual(again.rule_id, rule.rule_id)
        self.assertEqual([one.id for one in self.read_policy('sdk-p-first').rules], ['c', 'a', 'b'])
        self.refused(400, 500012, rules.policy_revise_security_rule, 'default', 'sdk-p-first', 'a', m.Rule(),
                     operation='insert_after', anchor_path='/infra/nowhere')
        for name in ('sdk-p-first', 'sdk-p-second'):
            self.delete_policy(name)

    def test_spans(self):
        self.patch_policy('sdk-p-span', category='Environment')
        path = self.cluster().path
        span = m.SecurityPolicyContainerCluster(container_cluster_path=path)
        self.spans.policy_patch_container_cluster_span('default', 'sdk-p-span', 'one', span)
        read = self.spans.policy_read_container_cluster_span_for_security_policy('default', 'sdk-p-span', 'one')
        self.assertEqual((read.container_cluster_path, read.container_cluster_type), (path, 'ANTREA'))
        put = self.spans.policy_add_container_cluster_span('default', 'sdk-p-span', 'one', read)
        self.assertEqual(put.revision, read.revision)
        self.refused(400, 255, self.spans.policy_patch_container_cluster_span, 'default', 'sdk-p-span', 'two', span)
        unknown = m.SecurityPolicyContainerCluster(container_cluster_path=path + '-not')
        self.refused(400, 500012, self.spans.policy_patch_container_cluster_span, 'default', 'sdk-p-span', 'two', unknown)
        self.refused(400, 255, self.spans.policy_patch_container_cluster_span, 'default', 'sdk-p-span', 'one', unknown)
        listed = self.spans.policy_list_container_clusters_for_security_policy('default', 'sdk-p-span')
        self.assertEqual([span.id for span in listed.results], ['one'])
        self.spans.policy_delete_cluster_container_for_security_policy('default', 'sdk-p-span', 'one')
        self.assertEqual(self.spans.policy_list_container_clusters_for_security_policy('default', 'sdk-p-span').results, [])
        self.delete_policy('sdk-p-span')

    def test_conflicts(self):
        policies = self.domains.SecurityPolicies
        made = policies.policy_update_security_policy_for_domain(
            'default', 'sdk-p-conflict', m.SecurityPolicy(category='Application'))
        made.description = 'mine'
        policies.policy_update_security_policy_for_domain('default', 'sdk-p-conflict', made)
        made.description = 'theirs'
        self.refused(412, 604, policies.policy_update_security_policy_for_domain, 'default', 'sdk-p-conflict', made)
        self.assertEqual(self.read_policy('sdk-p-conflict').description, 'mine')
        self.delete_policy('sdk-p-conflict')
