"""The vendor's SDK on a running sandbox, with every answer held to the types that the SDK declares for it."""
import json
import os
import re
import time
import unittest

import requests
from vcf.nsx import model_client as m
from vcf.nsx.api import v1_client as manager_client
from vcf.nsx.policy.api import v1_client as policy_client
from vmware.vapi.bindings import stub, type as bindings
from vmware.vapi.bindings.error import VapiError
from vmware.vapi.bindings.stub import ApiClient, StubConfiguration
from vmware.vapi.bindings.struct import VapiStruct
from vmware.vapi.lib.connect import get_requests_connector
from vmware.vapi.security.user_password import create_user_password_security_context

with open(os.environ['READY_FILE'], encoding='utf8') as file:
    READY = json.load(file)
# Objects of any type, such as search results with some of their fields.
LITERAL_FREE = re.compile(r'^\w*search\.|error_data')
CLUSTER_ID = READY['cluster_id']
URL = READY['manager']['url']
DOMAIN = '/infra/domains/default'


def literals(cls, field, fields):
    """The constants that the SDK names for a string field: FIELD_LITERAL = 'LITERAL'."""
    prefix = field.upper() + '_'
    longer = [other.upper() + '_' for other in fields if other != field and other.startswith(field + '_')]
    return {
        value
        for name, value in vars(cls).items()
        if name.startswith(prefix) and isinstance(value, str) and not any(name.startswith(p) for p in longer)
    }


def check(value, binding, where):
    """Raises for a value that is not of its declared type. The runtime itself lets scalars of a wrong type pass."""
    if isinstance(binding, bindings.OptionalType):
        if value is not None:
            check(value, binding.element_type, where)
    elif isinstance(binding, bindings.ReferenceType):
        check(value, binding.resolved_type, where)
    elif isinstance(binding, bindings.ListType):
        if not isinstance(value, list):
            raise TypeError('%s is no list: %r' % (where, value))
        for index, item in enumerate(value):
            check(item, binding.element_type, '%s[%d]' % (where, index))
    elif isinstance(binding, bindings.StructType):
        check_struct(value, binding, where)
    else:
        scalar = {bindings.StringType: str, bindings.IntegerType: int, bindings.BooleanType: bool}
        wanted = scalar.get(type(binding))
        if wanted is not None and type(value) is not wanted:
            raise TypeError('%s is no %s: %r' % (where, wanted.__name__, value))


CLASSES = {name.lower(): cls for name, cls in vars(m).items() if isinstance(cls, type) and issubclass(cls, VapiStruct)}


def typed(value):
    """An element of a polymorphic list as what its resource_type says; the runtime leaves such elements untyped."""
    if type(value) is not VapiStruct:
        return value
    literal = value.to_dict().get('resource_type')
    # Of its own class names the SDK writes some in another case than the literals (ConsolidatedStatusNsxt).
    cls = CLASSES.get((literal or '').lower())
    if cls is None:
        raise TypeError('nothing is known of the resource_type %r' % literal)
    return value.convert_to(cls)


def check_struct(value, binding, where):
    if not isinstance(value, VapiStruct):
        raise TypeError('%s is no object: %r' % (where, value))
    if type(value) is VapiStruct and not LITERAL_FREE.search(where):
        value = typed(value)
    cls = type(value)
    if cls is VapiStruct:
        return
    own = cls.get_binding_type()
    fields = own.get_field_names()
    for field in fields:
        inner = value.get_field(field)
        check(inner, own.get_field(field), '%s.%s' % (where, field))
        known = literals(cls, field, fields)
        if known and isinstance(inner, str) and inner not in known:
            raise TypeError('%s.%s is none of %s: %r' % (where, field, sorted(known), inner))


def watched(native_invoke):
    def invoke(self, ctx, method_name, kwargs, files=None):
        answer = native_invoke(self, ctx, method_name, kwargs, files)
        if answer is not None:
            check(answer, self._operations[method_name]['output_type'], method_name)
        return answer

    return invoke


stub.ApiInterfaceStub.native_invoke = watched(stub.ApiInterfaceStub.native_invoke)


def http_session():
    session = requests.Session()
    session.verify = READY['manager']['ca']
    session.trust_env = False
    return session


def clients(session=None, basic=True):
    """The policy tree, the manager tree, and their configuration, which knows the status of the last answer."""
    connector = get_requests_connector(
        session=session or http_session(), msg_protocol='rest', url=URL, timeout=30)
    if basic:
        connector.set_security_context(create_user_password_security_context(
            READY['manager']['user'], READY['manager']['password']))
    config = StubConfiguration(connector, response_extractor=True)
    return (ApiClient(policy_client.StubFactory(config)), ApiClient(manager_client.StubFactory(config)),
            config)


class SdkTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.nsx, cls.mp, cls.config = clients()
        cls.last = cls.config.response_extractor
        cls.infra = cls.nsx.infra
        cls.domains = cls.infra.domains
        cls.points = cls.infra.sites.enforcement_points

    def group_path(self, name):
        return '%s/groups/%s' % (DOMAIN, name)

    def policy_path(self, name):
        return '%s/security-policies/%s' % (DOMAIN, name)

    def patch_group(self, name, **fields):
        self.domains.Groups.policy_patch_group_for_domain('default', name, m.Group(**fields))

    def read_group(self, name):
        return self.domains.Groups.policy_read_group_for_domain('default', name)

    def delete_group(self, name):
        self.domains.Groups.policy_delete_group('default', name)

    def patch_policy(self, name, **fields):
        self.domains.SecurityPolicies.policy_patch_security_policy_for_domain(
            'default', name, m.SecurityPolicy(**fields))

    def read_policy(self, name):
        return self.domains.SecurityPolicies.policy_read_security_policy_for_domain('default', name)

    def delete_policy(self, name):
        self.domains.SecurityPolicies.policy_delete_security_policy_for_domain('default', name)

    def pod(self, value, **more):
        return m.Condition(member_type='Pod', key='Tag', operator='EQUALS', value=value, **more)

    def refused(self, status, code, call, *args, **kwargs):
        """The call is refused with this status and NSX error code; returns the error body."""
        with self.assertRaises(VapiError) as caught:
            call(*args, **kwargs)
        body = caught.exception.to_dict()
        self.assertEqual((self.last.get_http_status(), body['error_code']), (status, code), body)
        return body

    def fields(self, struct, *names):
        return {name: getattr(struct, name) for name in names}

    def until(self, what, look, limit_s=30):
        end = time.monotonic() + limit_s
        while True:
            seen = look()
            if seen:
                return seen
            if time.monotonic() > end:
                self.fail('not seen within %d s: %s' % (limit_s, what))
            time.sleep(0.2)
