/** Pins, scripts and documents. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { root } from './source.ts'

const read = (path: string) => readFileSync(join(root, path), 'utf8')
const manifest = JSON.parse(read('package.json')) as Record<
  'dependencies' | 'devDependencies' | 'scripts',
  Record<string, string>
>
const dependencies = { ...manifest.dependencies, ...manifest.devDependencies }

test('every dependency is pinned exactly and has a reason', () => {
  const reasons = read('docs/dependencies.md')
  for (const [name, version] of Object.entries(dependencies)) {
    assert.match(version, /^\d+\.\d+\.\d+$/, `${name} is pinned`)
    assert.ok(reasons.includes(`\`${name}\``), `docs/dependencies.md gives a reason for ${name}`)
  }
})

test('the lock file names no host', () => {
  assert.doesNotMatch(
    read('package-lock.json'),
    /"resolved"|https?:\/\/(?!opencollective|github\.com|www\.|feross|tidelift|paulmillr|dotenvx|patreon|polar)[a-z]*registry/,
  )
  assert.match(read('.npmrc'), /^ignore-scripts=true$/m)
  assert.match(read('.npmrc'), /^omit-lockfile-registry-resolved=true$/m)
})

test('the lock file holds every platform, so that any npm takes it', () => {
  const { packages } = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { optionalDependencies?: Record<string, string> }>
  }
  const missing = Object.values(packages).flatMap(({ optionalDependencies = {} }) =>
    Object.keys(optionalDependencies).filter(
      (name) => !Object.keys(packages).some((path) => path.endsWith(`node_modules/${name}`)),
    ),
  )
  assert.deepEqual(missing, [])
})

test('the documents a reader begins with are there', () => {
  assert.ok(read('ARCHITECTURE.md').split('\n').length <= 151, 'ARCHITECTURE.md has at most 150 lines')
  const readme = read('README.md')
  for (const command of ['npm ci && npm start', 'npm cit']) assert.ok(readme.includes(command), command)
  for (const section of ['Safety', 'Features', 'Internals'])
    assert.ok(read('CHANGELOG.md').includes(section), section)
  assert.match(read('LICENSE'), /Apache License/)
})

test('a script exists for everything a person does', () => {
  for (const script of [
    'start',
    'test',
    'check',
    'build',
    'bench',
    'test:unit',
    'test:machines',
    'test:contract',
    'test:sim',
    'test:e2e',
    'test:build',
    'test:real',
    'test:clientgo',
    'test:repo',
    'test:long',
  ])
    assert.ok(script in manifest.scripts, script)
})
