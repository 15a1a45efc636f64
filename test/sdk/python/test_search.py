"""Search through both roots, tags in use, the tree of the hierarchical API, attributes of context profiles."""
from support import CLUSTER_ID, SdkTest, m


class Search(SdkTest):
    def find(self, query, **parameters):
        """Every result of a query, page by page as a public client reads them: until the cursor is the count."""
        found, cursor = [], None
        while True:
            page = self.nsx.search.Query.lm_policy_query_search(query=query, cursor=cursor, **parameters)
            found += [result.to_dict() for result in page.results]
            self.assertLessEqual(len(found), page.result_count)
            cursor = page.cursor
            if int(cursor) >= page.result_count:
                self.assertEqual(len(found), page.result_count)
                return found

    def ids(self, query, **parameters):
        return sorted(result['id'] for result in self.find(query, **parameters))

    def test_found_at_once(self):
        tags = [m.Tag(scope='nsx-op/cluster', tag='k8s:cl-1')]
        for number in range(5):
            self.patch_group('sdk-f-%d' % number, display_name='Found %d of five' % number, tags=tags)
        by_tags = ('resource_type:Group AND tags.scope:nsx-op\\/cluster AND tags.tag:k8s\\:cl-1 '
                   'AND marked_for_delete:false')
        wanted = ['sdk-f-%d' % number for number in range(5)]
        self.assertEqual(self.ids(by_tags), wanted)
        self.assertEqual(self.ids(by_tags, page_size=2), wanted)
        self.assertEqual([r['id'] for r in self.find(by_tags, page_size=2, sort_by='display_name', sort_ascending=False)],
                         wanted[::-1])
        self.assertEqual(self.ids('resource_type:(Group OR Rule) AND id:sdk\\-f\\-*'), wanted)
        self.assertEqual(self.ids('display_name:Found 3 of* AND path:\\/infra*'), ['sdk-f-3'])
        narrow = self.nsx.search.Query.lm_policy_query_search(query=by_tags, included_fields='path,_revision').results
        self.assertEqual({tuple(sorted(result.to_dict())) for result in narrow}, {('_revision', 'path', 'resource_type')})
        typed = self.nsx.search.Query.lm_policy_query_search(query=by_tags).results[0].convert_to(m.Group)
        self.assertEqual(typed.tags[0].tag, 'k8s:cl-1')
        infos = self.infra.Tags.policy_lm_list_all_tags(scope='nsx-op/cluster').results
        self.assertEqual([(info.tag, info.tagged_objects_count) for info in infos], [('k8s:cl-1', 5)])
        for name in wanted:
            self.delete_group(name)
        self.assertEqual(self.ids(by_tags), [])

    def test_manager_objects(self):
        page = self.mp.search.Query.policy_query_search(query='resource_type:ContainerCluster')
        self.assertIn(CLUSTER_ID, [result.to_dict()['external_id'] for result in page.results])
        planes = self.mp.search.Query.policy_query_search(query='resource_type:clustercontrolplane').results
        self.assertIn(CLUSTER_ID, [result.to_dict()['node_id'] for result in planes])

    def test_refused(self):
        for query in ('resource_type:(Group', 'id:', 'AND'):
            self.refused(400, 255, self.nsx.search.Query.lm_policy_query_search, query=query)

    def test_the_tree(self):
        self.patch_group('sdk-t-group', description='in the tree')
        tree = self.nsx.Infra.policy_read_infra(base_path='/infra/domains/default', type_filter='Group')
        domain = tree.children[0].convert_to(m.ChildDomain)
        groups = [child.convert_to(m.ChildGroup).group for child in domain.domain.children]
        self.assertIn('in the tree', [group.description for group in groups])
        self.nsx.Infra.policy_patch_infra(tree, enforce_revision_check=True)
        self.assertEqual(self.read_group('sdk-t-group').revision, 0)
        self.assertIsNone(self.nsx.Infra.policy_read_infra().children)
        self.delete_group('sdk-t-group')

    def test_attributes(self):
        profiles = self.infra.context_profiles
        found = profiles.Attributes.policy_list_profile_supported_attributes(attribute_key='APP_ID').results
        self.assertIn('SSL', [value for profile in found for item in profile.attributes for value in item.value])
        own = m.PolicyAttributes(key='DOMAIN_NAME', value=['*.example.org'], datatype='STRING')
        profiles.CustomAttributes.policy_add_remove_custom_attribute_values(own, action='add')
        found = profiles.Attributes.policy_list_profile_supported_attributes(
            attribute_key='DOMAIN_NAME', attribute_source='CUSTOM').results
        self.assertEqual([item.value for profile in found for item in profile.attributes], [['*.example.org']])
        profiles.CustomAttributes.policy_add_remove_custom_attribute_values(own, action='remove')
