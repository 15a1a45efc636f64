"""Services and context profiles: every kind of entry, entries on their own, what is the system's."""
from support import SdkTest, m, typed

ENTRIES = {
    'tcp': m.L4PortSetServiceEntry(l4_protocol='TCP', destination_ports=['80', '8000-8080'], source_ports=['1024-65535']),
    'udp': m.L4PortSetServiceEntry(l4_protocol='UDP', destination_ports=['53']),
    'icmp': m.ICMPTypeServiceEntry(protocol='ICMPv4', icmp_type=8, icmp_code=0),
    'icmp6': m.ICMPTypeServiceEntry(protocol='ICMPv6'),
    'number': m.IPProtocolServiceEntry(protocol_number=47),
    'igmp': m.IGMPTypeServiceEntry(),
    'alg': m.ALGTypeServiceEntry(alg='FTP', destination_ports=['21']),
    'ether': m.EtherTypeServiceEntry(ether_type=2054),
    'nested': m.NestedServiceServiceEntry(nested_service_path='/infra/services/HTTP'),
}


def own_fields(entry):
    """What the entry says of itself, without what every policy object has."""
    common = set(m.ServiceEntry().to_dict()) | {'path', 'relative_path', 'parent_path', 'unique_id', 'realization_id',
                                                'marked_for_delete', 'overridden', 'id', 'display_name'}
    return {key: value for key, value in entry.to_dict().items()
            if key == 'resource_type' or (key not in common and not key.startswith('_'))}


class Services(SdkTest):
    def patch(self, name, **fields):
        self.infra.Services.policy_patch_service_for_tenant(name, m.Service(**fields))

    def read(self, name):
        return self.infra.Services.policy_read_service_for_tenant(name)

    def delete(self, name):
        self.infra.Services.policy_delete_service_for_tenant(name)

    def test_every_entry(self):
        for name, entry in ENTRIES.items():
            with self.subTest(name):
                entry.id = 'entry'
                entry.display_name = 'entry'
                self.patch('sdk-s-' + name, service_entries=[entry])
                read = self.read('sdk-s-' + name)
                got = typed(read.service_entries[0])
                self.assertIs(type(got), type(entry))
                self.assertEqual(own_fields(got), own_fields(entry))
                self.assertEqual((read.is_default, read.service_type), (False, 'NON_ETHER'))
                self.delete('sdk-s-' + name)

    def test_entries_on_their_own(self):
        entries = self.infra.services.ServiceEntries
        self.patch('sdk-s-many', service_entries=[m.L4PortSetServiceEntry(id='a', l4_protocol='TCP', destination_ports=['1'])])
        entries.policy_patch_service_entry('sdk-s-many', 'b', m.ICMPTypeServiceEntry(protocol='ICMPv4'))
        self.assertEqual([typed(entry).id for entry in self.read('sdk-s-many').service_entries], ['a', 'b'])
        listed = entries.policy_list_service_entries('sdk-s-many')
        self.assertEqual(listed.result_count, 2)
        one = entries.policy_read_service_entry('sdk-s-many', 'a').convert_to(m.L4PortSetServiceEntry)
        self.assertEqual(one.destination_ports, ['1'])
        one.destination_ports = ['2']
        renewed = entries.policy_update_service_entry('sdk-s-many', 'a', one).convert_to(m.L4PortSetServiceEntry)
        self.assertEqual((renewed.destination_ports, renewed.revision), (['2'], 1))
        self.refused(412, 604, entries.policy_update_service_entry, 'sdk-s-many', 'a', one)
        entries.policy_delete_service_entry('sdk-s-many', 'b')
        # PATCH keeps the entries that it does not name, PUT replaces them all.
        self.patch('sdk-s-many', display_name='many')
        whole = self.read('sdk-s-many')
        self.assertEqual([typed(entry).id for entry in whole.service_entries], ['a'])
        whole.service_entries = [m.L4PortSetServiceEntry(id='c', l4_protocol='UDP', destination_ports=['3'])]
        put = self.infra.Services.policy_update_service_for_tenant('sdk-s-many', whole)
        self.assertEqual([typed(entry).id for entry in put.service_entries], ['c'])
        self.delete('sdk-s-many')

    def test_refused(self):
        cases = {
            'sixteen ports': m.L4PortSetServiceEntry(l4_protocol='TCP', destination_ports=[str(n) for n in range(16)]),
            'eight ranges': m.L4PortSetServiceEntry(l4_protocol='TCP', destination_ports=['1-2'] * 8),
            'a port too high': m.L4PortSetServiceEntry(l4_protocol='TCP', destination_ports=['65536']),
            'two ports of an ALG': m.ALGTypeServiceEntry(alg='FTP', destination_ports=['20', '21']),
            'a wrong protocol': m.L4PortSetServiceEntry(l4_protocol='SCTP', destination_ports=['1']),
            'a wrong type': m.ICMPTypeServiceEntry(protocol='ICMPv4', icmp_type=256),
        }
        for name, entry in cases.items():
            with self.subTest(name):
                entry.id = 'e'
                self.refused(400, 255, self.patch, 'sdk-s-bad', service_entries=[entry])
        self.refused(404, 600, self.read, 'sdk-s-bad')

    def test_the_systems_own(self):
        http = self.read('HTTP')
        self.assertEqual((http.is_default, http.system_owned), (True, True))
        body = self.refused(403, 289, self.patch, 'HTTP', display_name='mine')
        self.assertEqual(body['httpStatus'], 'FORBIDDEN')
        self.refused(403, 289, self.delete, 'HTTP')
        default = self.infra.Services.policy_list_services_for_tenant(default_service=True)
        self.assertTrue(default.results and all(service.is_default for service in default.results))

    def test_context_profiles(self):
        profiles = self.infra.ContextProfiles
        attribute = m.PolicyAttributes(key='APP_ID', value=['TLS'], datatype='STRING', sub_attributes=[
            m.PolicySubAttributes(key='TLS_VERSION', value=['TLS_V12'], datatype='STRING')])
        profiles.policy_patch_create_or_update_policy_context_profile(
            'sdk-profile', m.PolicyContextProfile(attributes=[attribute]))
        read = profiles.policy_get_policy_context_profile('sdk-profile')
        self.assertEqual(read.attributes[0].to_dict(), attribute.to_dict())
        names = [profile.id for profile in profiles.policy_list_policy_context_profiles().results]
        self.assertIn('sdk-profile', names)
        read.description = 'two'
        put = profiles.policy_put_create_or_update_policy_context_profile('sdk-profile', read)
        self.assertEqual(put.revision, 1)
        profiles.policy_delete_policy_context_profile('sdk-profile')
        self.refused(404, 600, profiles.policy_get_policy_context_profile, 'sdk-profile')
