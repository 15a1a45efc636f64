"""Groups: every kind of expression, revisions, what is refused."""
from support import SdkTest, clients, http_session, m, typed


def conjunction(operator):
    return m.ConjunctionOperator(conjunction_operator=operator)


EXPRESSIONS = {
    'condition': [m.Condition(member_type='VirtualMachine', key='Tag', operator='EQUALS', value='role|db')],
    'conjunction': [
        m.Condition(member_type='VirtualMachine', key='Name', operator='STARTSWITH', value='web'),
        conjunction('OR'),
        m.Condition(member_type='VirtualMachine', key='OSName', operator='CONTAINS', value='Linux'),
    ],
    'nested': [
        m.NestedExpression(expressions=[
            m.Condition(member_type='VirtualMachine', key='Tag', operator='EQUALS', value='role|db'),
            conjunction('AND'),
            m.Condition(member_type='VirtualMachine', key='ComputerName', operator='ENDSWITH', value='-1'),
        ]),
    ],
    'addresses': [m.IPAddressExpression(ip_addresses=['10.0.0.1', '10.1.0.0/16', '10.2.0.1-10.2.0.9'])],
    'addresses6': [m.IPAddressExpression(ip_addresses=['2001:db8::1', '2001:db8:1::/48'])],
    'macs': [m.MACAddressExpression(mac_addresses=['00:50:56:aa:bb:cc'])],
    'external': [m.ExternalIDExpression(member_type='VirtualMachine', external_ids=['vm-1', 'vm-2'])],
    'identity': [m.IdentityGroupExpression(identity_groups=[
        m.IdentityGroupInfo(distinguished_name='CN=ops,DC=example', domain_base_distinguished_name='DC=example')])],
    'geo': [m.GeoLocationExpression(country_code='NO')],
}
ANTREA = {
    'namespace-name': [m.Condition(member_type='Namespace', key='Name', operator='EQUALS', value='shop')],
    'namespace-tag': [m.Condition(member_type='Namespace', key='Tag', operator='NOTEQUALS', value='dis:k8s:env|dev')],
    'pod-and-namespace': [m.NestedExpression(expressions=[
        m.Condition(member_type='Namespace', key='Name', operator='EQUALS', value='shop'),
        conjunction('AND'),
        m.Condition(member_type='Pod', key='Tag', operator='EQUALS', value='dis:k8s:app|web'),
    ])],
    'service': [m.NestedExpression(expressions=[
        m.Condition(member_type='Namespace', key='Name', operator='EQUALS', value='shop'),
        conjunction('AND'),
        m.Condition(member_type='Service', key='Name', operator='EQUALS', value='web'),
    ])],
    'addresses': [m.IPAddressExpression(ip_addresses=['10.0.0.1'])],
}


def wire(expressions):
    return [expression.to_dict() for expression in expressions]


class Groups(SdkTest):
    def stored(self, name, expression, **fields):
        """Patches, reads, compares element by element, deletes."""
        self.patch_group(name, display_name='Group ' + name, expression=expression, **fields)
        read = self.read_group(name)
        self.assertEqual(wire(read.expression), wire(expression))
        for sent, got in zip(expression, read.expression):
            self.assertIs(type(typed(got)), type(sent))
        self.assertEqual(read.path, self.group_path(name))
        self.assertEqual((read.id, read.relative_path, read.parent_path), (name, name, '/infra/domains/default'))
        self.assertEqual((read.resource_type, read.marked_for_delete), ('Group', False))
        return read

    def test_every_expression(self):
        for name, expression in EXPRESSIONS.items():
            with self.subTest(name):
                read = self.stored('sdk-g-' + name, expression)
                self.assertIsNone(read.group_type)
                self.delete_group('sdk-g-' + name)

    def test_a_group_of_groups(self):
        self.patch_group('sdk-g-inner', expression=EXPRESSIONS['addresses'])
        inner = self.group_path('sdk-g-inner')
        self.stored('sdk-g-outer', [m.PathExpression(paths=[inner])])
        self.refused(400, 500030, self.delete_group, 'sdk-g-inner')
        self.delete_group('sdk-g-outer')
        self.delete_group('sdk-g-inner')
        self.refused(400, 500012, self.patch_group, 'sdk-g-outer', expression=[m.PathExpression(paths=[inner])])

    def test_an_identity_beside(self):
        extended = EXPRESSIONS['identity']
        self.patch_group('sdk-g-extended', expression=EXPRESSIONS['condition'], extended_expression=extended)
        self.assertEqual(wire(self.read_group('sdk-g-extended').extended_expression), wire(extended))
        self.delete_group('sdk-g-extended')

    def test_antrea(self):
        for name, expression in ANTREA.items():
            with self.subTest(name):
                self.assertEqual(self.stored('sdk-a-' + name, expression, group_type=['ANTREA']).group_type, ['ANTREA'])
                self.delete_group('sdk-a-' + name)

    def test_refused_fields(self):
        cases = {
            'an even number of elements': [self.pod('a|b'), conjunction('OR')],
            'no conjunction': [self.pod('a|b'), self.pod('a|b')],
            'an unknown member type': [m.Condition(member_type='Pots', key='Tag', operator='EQUALS', value='a')],
            'both families': [m.IPAddressExpression(ip_addresses=['10.0.0.1', '2001:db8::1'])],
            'not an address': [m.IPAddressExpression(ip_addresses=['10.0.0.300'])],
            'or inside': [m.NestedExpression(expressions=[self.pod('a|b'), conjunction('OR'), self.pod('c|d')])],
            'six criteria': [e for _ in range(5) for e in (self.pod('a|b'), conjunction('OR'))] + [self.pod('a|b')],
        }
        for name, expression in cases.items():
            with self.subTest(name):
                self.refused(400, 255, self.patch_group, 'sdk-g-bad', expression=expression)
        self.refused(404, 600, self.read_group, 'sdk-g-bad')

    def test_refused_in_antrea_groups(self):
        def condition(member_type, key, operator, value='v', **more):
            return m.Condition(member_type=member_type, key=key, operator=operator, value=value, **more)

        def both(*conditions):
            return [m.NestedExpression(expressions=[conditions[0], conjunction('AND'), conditions[1]])]

        namespace = condition('Namespace', 'Name', 'EQUALS')
        service = condition('Service', 'Name', 'EQUALS')
        cases = {
            'another member': [condition('AntreaEgress', 'Name', 'EQUALS')],
            'a name of a Pod': [condition('Pod', 'Name', 'EQUALS')],
            'a part of a tag': [condition('Pod', 'Tag', 'CONTAINS')],
            'a part of a name': [condition('Namespace', 'Name', 'STARTSWITH')],
            'another scope': [condition('Pod', 'Tag', 'EQUALS', scope_operator='NOTEQUALS')],
            'a Service alone': [service],
            'a Service by the tag of its Namespace': both(condition('Namespace', 'Tag', 'EQUALS'), service),
            'a Service and a Pod': both(condition('Pod', 'Tag', 'EQUALS'), service),
            'AND of two types': [namespace, conjunction('AND'), condition('Pod', 'Tag', 'EQUALS')],
            'AND of criteria': [namespace, conjunction('AND')] + both(namespace, condition('Pod', 'Tag', 'EQUALS')),
            'addresses of hardware': [m.MACAddressExpression(mac_addresses=['00:50:56:aa:bb:cc'])],
            'ids': [m.ExternalIDExpression(member_type='VirtualMachine', external_ids=['vm-1'])],
        }
        for name, expression in cases.items():
            with self.subTest(name):
                self.refused(400, 255, self.patch_group, 'sdk-a-bad', group_type=['ANTREA'], expression=expression)
        self.refused(404, 600, self.read_group, 'sdk-a-bad')
        self.patch_group('sdk-a-type', group_type=['ANTREA'])
        self.refused(400, 255, self.patch_group, 'sdk-a-type', group_type=['IPAddress'])
        self.delete_group('sdk-a-type')

    def test_expressions_on_their_own(self):
        calls = self.domains.groups
        where = ('default', 'sdk-g-own')
        self.patch_group('sdk-g-own')
        calls.IpAddressExpressions.policy_patch_group_ip_address_expression_for_domain(
            *where, 'ips', m.IPAddressExpression(ip_addresses=['10.0.0.1']))
        calls.MacAddressExpressions.policy_patch_group_mac_address_expression_for_domain(
            *where, 'macs', m.MACAddressExpression(mac_addresses=['00:50:56:aa:bb:cc']))
        calls.ExternalIdExpressions.policy_patch_group_external_id_expression_for_domain(
            *where, 'ids', m.ExternalIDExpression(member_type='VirtualMachine', external_ids=['vm-1']))
        calls.IpAddressExpressions.policy_addor_remove_group_ip_addresses(
            *where, 'ips', m.IPAddressList(ip_addresses=['10.0.0.2']), action='add')
        calls.ExternalIdExpressions.policy_addor_remove_group_external_id_members(
            *where, 'ids', m.GroupMemberList(members=['vm-2']), action='add')
        calls.MacAddressExpressions.policy_delete_group_mac_address_expression(*where, 'macs')
        ips, operator, ids = [typed(part) for part in self.read_group('sdk-g-own').expression]
        self.assertEqual((ips.ip_addresses, operator.conjunction_operator, ids.external_ids),
                         (['10.0.0.1', '10.0.0.2'], 'OR', ['vm-1', 'vm-2']))
        self.refused(404, 600, calls.PathExpressions.policy_delete_group_path_expression, *where, 'ips')
        self.delete_group('sdk-g-own')

    def test_revisions(self):
        groups = self.domains.Groups
        made = groups.policy_update_group_for_domain('default', 'sdk-g-rev', m.Group(description='one'))
        self.assertEqual((made.revision, made.display_name), (0, 'sdk-g-rev'))
        self.refused(400, 500127, groups.policy_update_group_for_domain, 'default', 'sdk-g-rev', m.Group())
        made.description = 'two'
        renewed = groups.policy_update_group_for_domain('default', 'sdk-g-rev', made)
        self.assertEqual((renewed.revision, renewed.description, renewed.unique_id), (1, 'two', made.unique_id))
        body = self.refused(412, 604, groups.policy_update_group_for_domain, 'default', 'sdk-g-rev', made)
        self.assertIn('Fetch the latest copy of the object and retry', body['error_message'])
        self.assertEqual(body['httpStatus'], 'PRECONDITION_FAILED')
        # A PUT of exactly what was read changes nothing.
        same = groups.policy_update_group_for_domain('default', 'sdk-g-rev', self.read_group('sdk-g-rev'))
        self.assertEqual(same.revision, 1)
        # PATCH minds no revision and replaces the object's own fields.
        self.patch_group('sdk-g-rev', display_name='three', revision=99)
        patched = self.read_group('sdk-g-rev')
        self.assertEqual((patched.revision, patched.description, patched.display_name), (2, None, 'three'))
        self.delete_group('sdk-g-rev')
        self.refused(404, 600, self.read_group, 'sdk-g-rev')

    def test_partial_patch(self):
        session = http_session()
        session.headers['nsx-enable-partial-patch'] = 'true'
        partial = clients(session)[0].infra.domains.Groups
        self.patch_group('sdk-g-partial', description='kept', tags=[m.Tag(scope='a', tag='b')])
        partial.policy_patch_group_for_domain('default', 'sdk-g-partial', m.Group(display_name='named'))
        read = self.read_group('sdk-g-partial')
        self.assertEqual((read.description, read.display_name, len(read.tags)), ('kept', 'named', 1))
        partial.policy_patch_group_for_domain('default', 'sdk-g-partial', m.Group(tags=[]))
        self.assertEqual(self.read_group('sdk-g-partial').tags, [])
        self.delete_group('sdk-g-partial')

    def test_tags_have_both_sides(self):
        self.patch_group('sdk-g-tags', tags=[m.Tag(scope='only-scope'), m.Tag(tag='only-tag')])
        tags = [(tag.scope, tag.tag) for tag in self.read_group('sdk-g-tags').tags]
        self.assertEqual(tags, [('only-scope', ''), ('', 'only-tag')])
        self.delete_group('sdk-g-tags')
