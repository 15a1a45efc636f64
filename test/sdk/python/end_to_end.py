"""From the SDK into real clusters and back. What a cluster holds is read from its own API server, as its administrator."""
import base64
import ipaddress

import requests

from support import READY, SdkTest, URL, http_session, m

CRD = '/apis/crd.antrea.io/v1beta1'
CONTROLPLANE = '/apis/controlplane.antrea.io/v1beta2'
PLANES = '/infra/sites/default/enforcement-points/default/cluster-control-planes'


class Cluster:
    def __init__(self, place):
        self.id, self.name, self.api = place['id'], place['name'], place['api']
        self.path = '%s/%s' % (PLANES, self.name)
        self.session = requests.Session()
        self.session.verify, self.session.cert, self.session.trust_env = place['ca'], (place['cert'], place['key']), False

    def get(self, path, missing=None):
        answer = self.session.get(self.api + path, timeout=15)
        if answer.status_code == 404 and missing is not None:
            return missing
        answer.raise_for_status()
        return answer.json()

    def post(self, path, body):
        self.session.post(self.api + path, json=body, timeout=15).raise_for_status()

    def policy(self, name):
        """The ClusterNetworkPolicy; False when there is none."""
        return self.get('%s/clusternetworkpolicies/%s' % (CRD, name), missing=False)

    def owned(self, plural):
        query = '?labelSelector=app.kubernetes.io/managed-by%3Dantrea-nsx-adapter'
        return [item['metadata']['name'] for item in self.get('%s/%s%s' % (CRD, plural, query))['items']]

    def group_blocks(self, name):
        """The ipBlocks of a ClusterGroup and of the groups that it is made of, in the spec."""
        spec = self.get('%s/clustergroups/%s' % (CRD, name), missing={}).get('spec', {})
        own = [block['cidr'] for block in spec.get('ipBlocks') or []]
        return sorted(own + [cidr for child in spec.get('childGroups') or [] for cidr in self.group_blocks(child)])

    def computed(self, name):
        """What antrea-controller gives to agents for this policy; None while there is nothing."""
        for item in self.get(CONTROLPLANE + '/networkpolicies')['items']:
            if item.get('sourceRef', {}).get('name') == name:
                return item
        return None

    def peers(self, name):
        """Of each rule its action and the sources: Pods by name, other addresses as they are. None: anybody."""
        policy = self.computed(name)
        if policy is None:
            return None
        groups = {item['metadata']['name']: item for item in self.get(CONTROLPLANE + '/addressgroups')['items']}
        return [(rule['action'], sources(rule.get('from') or {}, groups)) for rule in policy.get('rules') or []]

    def applied(self, name):
        policy = self.computed(name)
        if policy is None:
            return None
        names = set(policy.get('appliedToGroups') or [])
        for rule in policy.get('rules') or []:
            names.update(rule.get('appliedToGroups') or [])
        groups = [item for item in self.get(CONTROLPLANE + '/appliedtogroups')['items'] if item['metadata']['name'] in names]
        return sorted({'%s/%s' % (member['pod']['namespace'], member['pod']['name'])
                       for group in groups for member in group.get('groupMembers') or []})


def address(text):
    return str(ipaddress.ip_address(base64.b64decode(text)[-4:]))


def sources(peer, groups):
    found = {'%s/%s' % (address(block['cidr']['ip']), block['cidr'].get('prefixLength', 0))
             for block in peer.get('ipBlocks') or []}
    for name in peer.get('addressGroups') or []:
        for member in groups.get(name, {}).get('groupMembers') or []:
            pod = member.get('pod')
            found.update(['%s/%s' % (pod['namespace'], pod['name'])] if pod else
                         ['%s/32' % address(ip) for ip in member['ips']])
    return sorted(found)


FIRST, SECOND = (Cluster(place) for place in READY['clusters'])


class EndToEnd(SdkTest):
    def entities(self, path):
        return self.infra.realized_state.RealizedEntities.policy_lm_list_realized_entities(path).results

    def enforced(self, path):
        """By cluster: its status, and in words on how many of its nodes."""
        status = self.infra.realized_state.Status.policy_lm_read_intent_status(
            intent_path=path, include_enforced_status=True)
        points = [point.convert_to(m.ConsolidatedStatusNsxt) for point in status.consolidated_status_per_enforcement_point]
        return {point.enforcement_point_path: (
            point.consolidated_status.consolidated_status,
            point.enforced_status.enforced_status_info.enforced_status.status_message) for point in points}

    def until_equal(self, what, wanted, look, limit_s=30):
        seen = []

        def same():
            seen[:] = [look()]
            return seen[0] == wanted

        try:
            self.until(what, same, limit_s)
        except AssertionError:
            self.assertEqual(seen[0], wanted, what)

    def span(self, policy, cluster):
        self.domains.security_policies.ContainerClusterSpan.policy_patch_container_cluster_span(
            'default', policy, cluster.name, m.SecurityPolicyContainerCluster(container_cluster_path=cluster.path))

    def unspan(self, policy, cluster):
        self.domains.security_policies.ContainerClusterSpan.policy_delete_cluster_container_for_security_policy(
            'default', policy, cluster.name)

    def shop_policy(self, name, **fields):
        """`web` may reach TCP 5432 of `db` and nobody else anything; returns its unique_id and its path."""
        for app in ('web', 'db'):
            self.patch_group('%s-%s' % (name, app), group_type=['ANTREA'], expression=[self.pod('dis:k8s:app|' + app)])
        port = m.L4PortSetServiceEntry(id='port', display_name='port', l4_protocol='TCP', destination_ports=['5432'])
        self.infra.Services.policy_patch_service_for_tenant(name, m.Service(service_entries=[port]))
        common = dict(direction='IN', destination_groups=['ANY'], scope=['ANY'])
        rules = [
            m.Rule(id='web', action='ALLOW', sequence_number=1, source_groups=[self.group_path(name + '-web')],
                   services=['/infra/services/' + name], **common),
            m.Rule(id='rest', action='DROP', sequence_number=2, source_groups=['ANY'], services=['ANY'], **common)]
        self.patch_policy(name, category='Application', scope=[self.group_path(name + '-db')], rules=rules, **fields)
        return self.read_policy(name).unique_id, self.policy_path(name)

    def clean(self, name):
        for app in ('web', 'db'):
            self.delete_group('%s-%s' % (name, app))
        self.infra.Services.policy_delete_service_for_tenant(name)

    def test_realized_and_deleted(self):
        name, path = self.shop_policy('e2e-one')
        self.span('e2e-one', FIRST)

        def realized():
            found = self.entities(path)
            return found if found and all(entity.state == 'REALIZED' for entity in found) else None

        entity = self.until('the policy is realized', realized)[0]
        self.assertEqual((entity.enforcement_point_path, entity.intent_paths), (FIRST.path, [path]))
        self.assertEqual(self.enforced(path), {FIRST.path: ('SUCCESS', 'realized on 1 of 1 nodes')})
        spec = FIRST.policy(name)['spec']
        self.assertEqual([(rule['action'], rule.get('ports')) for rule in spec['ingress']],
                         [('Allow', [{'protocol': 'TCP', 'port': 5432}]), ('Drop', None)])
        self.assertEqual(FIRST.applied(name), ['shop/db'])
        self.assertEqual(FIRST.peers(name)[0], ('Allow', ['shop/web']))
        self.assertFalse(SECOND.policy(name))
        # A change arrives, and is told to be another one until it has.
        rule = self.domains.security_policies.Rules.policy_read_security_rule('default', 'e2e-one', 'web')
        rule.action = 'REJECT'
        self.domains.security_policies.Rules.policy_update_security_rule('default', 'e2e-one', 'web', rule)
        self.until_equal('the change is in the cluster', 'Reject', lambda: FIRST.policy(name)['spec']['ingress'][0]['action'])
        self.until('the change is realized', realized)
        self.delete_policy('e2e-one')
        self.until_equal('the policy is gone', (False, None), lambda: (FIRST.policy(name), FIRST.computed(name)))
        self.refused(404, 600, self.entities, path)
        self.clean('e2e-one')
        self.until_equal('its groups are gone', [], lambda: FIRST.owned('clustergroups'), 75)

    def statistics(self, cluster):
        """Packets and sessions of the rule `web`, as this cluster's agents counted them; None without an answer."""
        results = self.domains.security_policies.Statistics.policy_get_security_policy_statistics(
            'default', 'e2e-both', container_cluster_path=cluster.path).results
        if len(results) != 1:
            return None
        self.assertEqual(results[0].container_cluster_path, cluster.path)
        return [(one.rule, one.packet_count, one.session_count) for one in results[0].statistics.results if one.packet_count]

    def count(self, cluster, name, node, packets, sessions):
        """Reports what an agent of this node counted."""
        policy = cluster.policy(name)
        cluster.post(CONTROLPLANE + '/nodestatssummaries', {
            'apiVersion': 'controlplane.antrea.io/v1beta2', 'kind': 'NodeStatsSummary', 'metadata': {'name': node},
            'antreaClusterNetworkPolicies': [{
                'networkPolicy': {'uid': policy['metadata']['uid']},
                'ruleTrafficStats': [{'name': policy['spec']['ingress'][0]['name'], 'trafficStats': {
                    'packets': packets, 'bytes': 60 * packets, 'sessions': sessions}}]}]})

    def test_one_policy_on_two_clusters(self):
        name, path = self.shop_policy('e2e-both')
        self.span('e2e-both', FIRST)
        self.span('e2e-both', SECOND)
        both = {FIRST.path: ('SUCCESS', 'realized on 1 of 1 nodes'), SECOND.path: ('SUCCESS', 'realized on 2 of 2 nodes')}
        self.until_equal('it is realized in both', both, lambda: self.enforced(path))
        self.assertEqual(FIRST.applied(name), ['shop/db'])
        self.assertEqual(SECOND.applied(name), ['shop/db', 'shop/db-2'])
        self.assertEqual(sorted(entity.enforcement_point_path for entity in self.entities(path)), sorted(both))
        # Each cluster's own figures; nothing is added up.
        self.count(FIRST, name, 'n2', 5, 2)
        self.count(SECOND, name, 'n2', 700, 30)
        rule = path + '/rules/web'
        self.until_equal('the first has counted', [(rule, 5, 2)], lambda: self.statistics(FIRST), 45)
        self.until_equal('the second has counted', [(rule, 700, 30)], lambda: self.statistics(SECOND), 45)
        self.assertEqual(self.statistics(FIRST), [(rule, 5, 2)])
        # One cannot be realized there; only there it is told.
        self.unspan('e2e-both', SECOND)
        self.until_equal('it has left the second', (False, None), lambda: (SECOND.policy(name), SECOND.computed(name)))
        self.assertEqual(self.enforced(path), {FIRST.path: both[FIRST.path]})
        self.assertEqual(FIRST.applied(name), ['shop/db'])
        self.assertEqual([entity.enforcement_point_path for entity in self.entities(path)], [FIRST.path])
        self.delete_policy('e2e-both')
        self.until_equal('it has left the first', False, lambda: FIRST.policy(name))
        self.clean('e2e-both')

    def machine(self, name, address, *tags):
        """The SDK has no call that makes a machine: hosts report them to a real NSX."""
        session = http_session()
        session.auth = (READY['manager']['user'], READY['manager']['password'])
        answer = session.put('%s/api/v1/fabric/virtual-machines/%s' % (URL, name), json={
            'display_name': name, 'ip_addresses': [address], 'tags': [{'scope': '', 'tag': tag} for tag in tags]})
        self.assertEqual(answer.status_code, 200, answer.text)

    def test_machines_to_pods(self):
        for name, address, tag in (('e2e-vm-1', '192.0.2.11', 'db'), ('e2e-vm-2', '192.0.2.12', 'db'),
                                   ('e2e-vm-3', '192.0.2.13', 'other')):
            self.machine(name, address, tag)
        self.patch_group('e2e-machines', expression=[
            m.Condition(member_type='VirtualMachine', key='Tag', operator='EQUALS', value='|db')])
        group = self.read_group('e2e-machines').unique_id
        self.patch_group('e2e-pods', group_type=['ANTREA'], expression=[self.pod('dis:k8s:app|web')])
        rules = [m.Rule(id=action.lower(), action=action, sequence_number=number, direction='IN', source_groups=[source],
                        destination_groups=['ANY'], services=['ANY'], scope=['ANY'])
                 for number, action, source in ((1, 'ALLOW', self.group_path('e2e-machines')), (2, 'DROP', 'ANY'))]
        self.patch_policy('e2e-machines', category='Application', scope=[self.group_path('e2e-pods')], rules=rules)
        name, path = self.read_policy('e2e-machines').unique_id, self.policy_path('e2e-machines')
        for cluster in (FIRST, SECOND):
            self.span('e2e-machines', cluster)
        self.until_equal('both clusters enforce it', ['SUCCESS', 'SUCCESS'],
                         lambda: [status for status, _ in self.enforced(path).values()])
        wanted = ['192.0.2.11/32', '192.0.2.12/32']

        def seen(cluster):
            """The ClusterGroup of the machines, and what antrea-controller made of it for the agents."""
            peers = cluster.peers(name)
            return cluster.group_blocks(group), [] if peers is None else peers[0]

        for cluster in (FIRST, SECOND):
            self.until_equal('the machines are allowed', (wanted, ('Allow', wanted)), lambda: seen(cluster))
            self.assertEqual(cluster.applied(name), ['shop/web'])
        # One machine gets another address, one comes and one is no database any more.
        self.machine('e2e-vm-1', '192.0.2.111', 'db')
        moved = ['192.0.2.111/32', '192.0.2.12/32']
        for cluster in (FIRST, SECOND):
            self.until_equal('the new address is allowed', (moved, ('Allow', moved)), lambda: seen(cluster))
        self.machine('e2e-vm-3', '192.0.2.13', 'other', 'db')
        self.machine('e2e-vm-2', '192.0.2.12')
        last = ['192.0.2.111/32', '192.0.2.13/32']
        for cluster in (FIRST, SECOND):
            self.until_equal('tags are followed', (last, ('Allow', last)), lambda: seen(cluster))
        self.assertEqual(self.domains.groups.members.IpAddresses.policy_lm_get_group_ip_members(
            'default', 'e2e-machines').results, ['192.0.2.111', '192.0.2.13'])
        self.until_equal('the change is realized', ['SUCCESS', 'SUCCESS'],
                         lambda: [status for status, _ in self.enforced(path).values()])
        self.delete_policy('e2e-machines')
        for cluster in (FIRST, SECOND):
            self.until_equal('the policy is gone', False, lambda: cluster.policy(name))
        self.delete_group('e2e-machines')
        self.delete_group('e2e-pods')

    def test_a_member_of_a_group_comes_and_goes(self):
        """What NSX shows as a group's members is what the cluster's agents get."""
        name, path = self.shop_policy('e2e-members')
        self.span('e2e-members', SECOND)
        self.until_equal('it is realized', {SECOND.path: ('SUCCESS', 'realized on 2 of 2 nodes')}, lambda: self.enforced(path))

        def shown():
            results = self.domains.groups.members.Pods.policy_lm_get_group_pod_members(
                'default', 'e2e-members-db', cluster_id=SECOND.id).results
            return sorted('%s/%s' % (space.display_name, pod.display_name)
                          for one in results for cluster in one.cluster for space in cluster.namespaces for pod in space.pods)

        self.until_equal('NSX shows the members', ['shop/db', 'shop/db-2'], shown)
        pod = '%s/api/v1/namespaces/shop/pods/db-2' % SECOND.api
        SECOND.session.patch(pod, json={'metadata': {'labels': {'app': 'other'}}}, timeout=15,
                             headers={'Content-Type': 'application/merge-patch+json'}).raise_for_status()
        self.until_equal('the Pod has left', ['shop/db'], lambda: SECOND.applied(name))
        self.until_equal('NSX shows that it has left', ['shop/db'], shown)
        self.until_equal('fewer nodes enforce it', {SECOND.path: ('SUCCESS', 'realized on 1 of 1 nodes')},
                         lambda: self.enforced(path))
        SECOND.session.patch(pod, json={'metadata': {'labels': {'app': 'db'}}}, timeout=15,
                             headers={'Content-Type': 'application/merge-patch+json'}).raise_for_status()
        self.until_equal('NSX shows that it is back', ['shop/db', 'shop/db-2'], shown)
        self.delete_policy('e2e-members')
        self.until_equal('the policy is gone', False, lambda: SECOND.policy(name))
        self.clean('e2e-members')
