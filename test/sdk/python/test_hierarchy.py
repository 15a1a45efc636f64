"""The hierarchical API: all or nothing, in any order; and cursors through a long list."""
from support import SdkTest, m


def domain(*children):
    return m.Infra(resource_type='Infra', children=[
        m.ChildResourceReference(id='default', target_type='Domain', children=list(children))])


def child_group(name, **fields):
    return m.ChildGroup(group=m.Group(id=name, resource_type='Group', **fields))


def child_policy(name, *rules, **fields):
    return m.ChildSecurityPolicy(security_policy=m.SecurityPolicy(
        id=name, resource_type='SecurityPolicy', category='Application', children=[
            m.ChildRule(rule=m.Rule(resource_type='Rule', **rule)) for rule in rules], **fields))


class Hierarchy(SdkTest):
    def patch(self, infra, **parameters):
        self.nsx.Infra.policy_patch_infra(infra, **parameters)

    def test_in_any_order(self):
        group = self.group_path('sdk-h-group')
        rule = {'id': 'r', 'action': 'ALLOW', 'source_groups': [group], 'services': ['/infra/services/sdk-h-service']}
        infra = domain(child_policy('sdk-h-policy', rule), child_group('sdk-h-group'))
        infra.children.append(m.ChildService(service=m.Service(
            id='sdk-h-service', resource_type='Service', children=[m.ChildServiceEntry(
                service_entry=m.L4PortSetServiceEntry(id='e', l4_protocol='TCP', destination_ports=['1']))])))
        self.patch(infra, enforce_revision_check=False)
        policy = self.read_policy('sdk-h-policy')
        self.assertEqual(policy.rules[0].source_groups, [group])
        # The same again changes nothing.
        self.patch(infra)
        self.assertEqual(self.read_policy('sdk-h-policy').revision, policy.revision)
        service = m.ChildService(service=m.Service(id='sdk-h-service'), marked_for_delete=True)
        gone = domain(
            m.ChildGroup(group=m.Group(id='sdk-h-group'), marked_for_delete=True),
            m.ChildSecurityPolicy(security_policy=m.SecurityPolicy(id='sdk-h-policy'), marked_for_delete=True))
        gone.children.append(service)
        self.patch(gone)
        for call in (self.read_group, self.read_policy):
            self.refused(404, 600, call, 'sdk-h-group' if call == self.read_group else 'sdk-h-policy')
        # Deleting what is not there is no error.
        self.patch(gone)

    def test_all_or_nothing(self):
        bad = {'id': 'r', 'action': 'ALLOW', 'source_groups': [self.group_path('sdk-h-nowhere')]}
        self.refused(400, 500012, self.patch, domain(child_group('sdk-h-good'), child_policy('sdk-h-bad', bad)))
        self.refused(404, 600, self.read_group, 'sdk-h-good')

    def test_revisions_are_minded_when_asked(self):
        self.patch(domain(child_group('sdk-h-rev')))
        self.patch(domain(child_group('sdk-h-rev', description='one', revision=7)))
        current = self.read_group('sdk-h-rev')
        self.assertEqual((current.revision, current.description), (1, 'one'))
        stale = domain(child_group('sdk-h-rev', description='two', revision=0))
        self.refused(412, 604, self.patch, stale, enforce_revision_check=True)
        self.patch(domain(child_group('sdk-h-rev', description='two', revision=1)), enforce_revision_check=True)
        self.assertEqual(self.read_group('sdk-h-rev').description, 'two')
        self.delete_group('sdk-h-rev')

    def test_cursors(self):
        names = ['sdk-h-%03d' % number for number in range(53)]
        self.patch(domain(*[child_group(name) for name in names]))
        groups = self.domains.Groups
        for parameters in ({}, {'sort_by': 'id', 'sort_ascending': False}):
            seen, cursor, pages = [], None, 0
            while True:
                page = groups.policy_list_group_for_domain('default', cursor=cursor, page_size=10, **parameters)
                seen += [group.id for group in page.results if group.id in names]
                pages += 1
                cursor = page.cursor
                if cursor is None:
                    break
                self.assertLessEqual(len(page.results), 10)
                self.assertGreaterEqual(page.result_count, len(names))
            self.assertEqual(sorted(seen), names)
            self.assertEqual(seen, sorted(seen, reverse='sort_ascending' in parameters))
            self.assertGreaterEqual(pages, 6)
        self.refused(400, 255, groups.policy_list_group_for_domain, 'default', page_size=1001)
        self.refused(400, 255, groups.policy_list_group_for_domain, 'default', cursor='not-mine')
        self.patch(domain(*[m.ChildGroup(group=m.Group(id=name), marked_for_delete=True) for name in names]))
        self.refused(404, 600, self.read_group, names[0])
