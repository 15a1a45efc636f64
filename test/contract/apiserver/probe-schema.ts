/** A schema with everything Antrea's own definitions use, one field each; Probe is its kind. */
const text = { type: 'string' }

export const PROBE_SCHEMA = {
  type: 'object',
  required: ['spec'],
  properties: {
    spec: {
      type: 'object',
      required: ['mode'],
      properties: {
        mode: { type: 'string', enum: ['Allow', 'Drop', ''] },
        priority: { type: 'number', format: 'float', minimum: 1, maximum: 10000 },
        port: { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] },
        endPort: { type: 'integer', format: 'int32', minimum: 1, maximum: 65535 },
        big: { type: 'integer', format: 'int64' },
        address: { type: 'string', oneOf: [{ format: 'ipv4' }, { format: 'ipv6' }] },
        cidr: { type: 'string', format: 'cidr' },
        cidrs: { type: 'array', items: { type: 'string', format: 'cidr' } },
        any: { type: 'string', anyOf: [{ format: 'ipv4' }, { format: 'cidr' }] },
        mac: { type: 'string', format: 'mac' },
        host: { type: 'string', format: 'hostname' },
        at: { type: 'string', format: 'date-time' },
        day: { type: 'string', format: 'date' },
        lasts: { type: 'string', format: 'duration' },
        bytes: { type: 'string', format: 'byte' },
        id: { type: 'string', format: 'uuid' },
        link: { type: 'string', format: 'uri' },
        mail: { type: 'string', format: 'email' },
        secret: { type: 'string', format: 'password' },
        name: { type: 'string', pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', maxLength: 9 },
        level: { type: 'integer', exclusiveMaximum: true, maximum: 10, multipleOf: 2 },
        nothing: { type: 'object', nullable: true, properties: { a: text } },
        filled: {
          type: 'object',
          default: {},
          properties: {
            depth: { type: 'integer', default: 3 },
            tags: { type: 'array', items: text, default: ['a'] },
            inner: { type: 'object', properties: { on: { type: 'boolean', default: true } } },
          },
        },
        listed: {
          type: 'array',
          items: {
            type: 'object',
            properties: { kind: { type: 'string', default: 'x' }, v: { type: 'integer' } },
          },
        },
        mapped: {
          type: 'object',
          additionalProperties: { type: 'object', properties: { on: { type: 'boolean', default: false } } },
        },
        open: {
          type: 'object',
          'x-kubernetes-preserve-unknown-fields': true,
          properties: { closed: { type: 'object', properties: { a: text } }, n: { type: 'integer' } },
        },
        raw: { 'x-kubernetes-preserve-unknown-fields': true },
        embedded: {
          type: 'object',
          'x-kubernetes-embedded-resource': true,
          'x-kubernetes-preserve-unknown-fields': true,
        },
        unique: { type: 'array', items: text, 'x-kubernetes-list-type': 'set' },
        rules: {
          type: 'array',
          maxItems: 2,
          items: {
            type: 'object',
            oneOf: [{ required: ['tcp'] }, { required: ['udp'] }],
            properties: { tcp: { type: 'integer' }, udp: { type: 'integer' } },
          },
        },
        peer: {
          type: 'object',
          not: { required: ['ip', 'group'] },
          allOf: [{ required: ['name'] }, { properties: { name: { minLength: 2 } } }],
          properties: { name: text, ip: text, group: text },
        },
        pairs: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['port', 'protocol'],
          items: {
            type: 'object',
            required: ['port'],
            properties: { port: { type: 'integer' }, protocol: { type: 'string', default: 'TCP' } },
          },
        },
        selector: {
          type: 'object',
          'x-kubernetes-map-type': 'atomic',
          properties: { matchLabels: { type: 'object', additionalProperties: text } },
        },
        ranges: {
          type: 'array',
          items: {
            type: 'object',
            'x-kubernetes-validations': [
              { rule: 'has(self.cidr) != (has(self.start) && has(self.end))', message: 'CIDR or range' },
            ],
            properties: { cidr: text, start: text, end: text },
          },
        },
        size: {
          type: 'integer',
          'x-kubernetes-validations': [
            { rule: 'self >= oldSelf', message: 'it may only grow', reason: 'FieldValueForbidden' },
          ],
        },
        list: {
          type: 'array',
          maxItems: 5,
          items: { type: 'string', maxLength: 20 },
          'x-kubernetes-validations': [
            { rule: 'self.all(x, x.startsWith("a"))', message: 'each starts with a' },
            { rule: 'size(self) != 2' },
          ],
        },
      },
    },
    status: { type: 'object', properties: { phase: text } },
  },
}
