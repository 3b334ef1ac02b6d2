// SPDX-License-Identifier: Apache-2.0
// What is wrong with a folder of Kubernetes manifests: by Kubernetes' own schemas, by names that refer to nothing, and by what the
// gateway's configuration inside says otherwise.  Every function returns texts, none for what is right.
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { ConfigMap, Secret, Service } from 'kubernetes-models/v1';
import { Deployment } from 'kubernetes-models/apps/v1';
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import { ServiceMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1';

const MODELS = [ConfigMap, Secret, Service, Deployment, HorizontalPodAutoscaler, PodDisruptionBudget, NetworkPolicy, ServiceMonitor];

// Seconds that are left, beside what the gateway may take, before a pod is killed.
export const MARGIN_S = 5;

// { files: { name: text }, documents: [{ kind, metadata, ... }], kustomization }
export function readManifests(dir) {
  const names = readdirSync(dir).filter((name) => name.endsWith('.yaml'));
  const files = Object.fromEntries(names.map((name) => [name, readFileSync(path.join(dir, name), 'utf8')]));
  const resources = names.filter((name) => name !== 'kustomization.yaml');
  const documents = resources.flatMap((name) => parseAllDocuments(files[name], { merge: true }).map((one) => {
    if (one.errors.length > 0) throw new Error(`${name}: ${one.errors[0].message}`);
    return one.toJS();
  }));
  return { resources, documents, kustomization: parse(files['kustomization.yaml']) };
}

// ---- schemas ----

// `data`, noting which of its keys are looked at: the schemas take unknown keys, but never look at one.
function watched(data, at, seen) {
  if (typeof data !== 'object' || data === null) return data;
  return new Proxy(data, {
    get(target, key) {
      if (typeof key === 'string' && Object.hasOwn(target, key)) seen.add(`${at}/${key}`);
      return Object.hasOwn(target, key) ? watched(target[key], `${at}/${String(key)}`, seen) : target[key];
    },
  });
}

function* keysOf(data, at, seen) {
  if (typeof data !== 'object' || data === null) return;
  for (const [key, value] of Object.entries(data)) {
    const here = `${at}/${key}`;
    if (!seen.has(here)) yield here;
    else yield* keysOf(value, here, seen);
  }
}

const FREE = /\/(labels|annotations|matchLabels|selector|data|stringData|requests|limits)\/[^/]+.*$/;

export function schemaProblems(document) {
  const what = `${document.kind}/${document.metadata?.name}`;
  const model = MODELS.find(({ apiVersion, kind }) => document.apiVersion === apiVersion && document.kind === kind);
  if (!model) return [`${what}: no schema of ${document.apiVersion} ${document.kind}`];
  const seen = new Set();
  try {
    model.prototype.validate.call(watched(document, '', seen));
  } catch (error) {
    return [`${what}: ${error.message}`];
  }
  const unknown = [...keysOf(document, '', seen)].filter((key) => !FREE.test(key) && !/^\/(apiVersion|kind)$/.test(key));
  return unknown.map((key) => `${what}: unknown key ${key}`);
}

// ---- names ----

const within = (part, whole) => Object.entries(part ?? {}).every(([key, value]) => whole?.[key] === value);
const ofKind = (documents, kind) => documents.filter((one) => one.kind === kind);
const named = (documents, kind, name) => ofKind(documents, kind).find((one) => one.metadata.name === name);
const podsOf = (documents, selector) => ofKind(documents, 'Deployment').filter((one) => within(selector, one.spec.template.metadata.labels));
const portsOf = (deployment) => deployment.spec.template.spec.containers.flatMap(({ ports }) => ports ?? []);
const isGateway = ({ image }) => /^jwtgate:/.test(image);

// The files of a volume: { name: text }.  `problems` gets what is not there.
function volumeFiles(documents, volume, problems) {
  const sources = volume?.projected?.sources ?? [{ configMap: volume?.configMap, secret: volume?.secret }];
  const files = {};
  for (const { configMap: map, secret: hidden } of sources) {
    const name = map?.name ?? hidden?.name ?? hidden?.secretName;
    const found = named(documents, map ? 'ConfigMap' : 'Secret', name);
    const data = { ...found?.data, ...found?.stringData };
    if (!found) problems.push(`volume ${volume?.name}: there is no ${map ? 'ConfigMap' : 'Secret'} ${name}`);
    for (const { key, path: place } of (map ?? hidden)?.items ?? Object.keys(data).map((key) => ({ key, path: key }))) {
      if (data[key] === undefined) problems.push(`volume ${volume?.name}: ${name} has no key ${key}`);
      files[place] = data[key] ?? '';
    }
  }
  return files;
}

// Each gateway of the folder: { deployment, container, files at /etc/jwtgate, config }.
export function gatewaysOf(documents, problems = []) {
  return ofKind(documents, 'Deployment').flatMap((deployment) => deployment.spec.template.spec.containers.filter(isGateway).map((container) => {
    const mount = container.volumeMounts?.find(({ mountPath }) => mountPath === '/etc/jwtgate');
    const volume = deployment.spec.template.spec.volumes?.find(({ name }) => name === mount?.name);
    const files = volumeFiles(documents, volume, problems);
    return { deployment, container, files, config: parse(files['gateway.yaml'] ?? '{}') };
  }));
}

export const secondsOf = (text = '0s') => {
  const [, number, unit] = /^(\d+)(ms|s|m|h)$/.exec(text);
  return Number(number) * { ms: 0.001, s: 1, m: 60, h: 3600 }[unit];
};
export const endOf = ({ timeouts = {} }) => secondsOf(timeouts.drain_delay) + secondsOf(timeouts.drain ?? '30s');
export const portOf = (bind) => Number(/:(\d+)$/.exec(bind ?? '')?.[1]);

// ---- what must hold between them ----

function* pods(documents) {
  for (const { metadata, spec } of ofKind(documents, 'Deployment')) {
    const pod = spec.template.spec;
    const what = `Deployment/${metadata.name}`;
    if (!within(spec.selector.matchLabels, spec.template.metadata.labels)) yield `${what}: its selector does not match its pods`;
    if (!(pod.securityContext?.runAsNonRoot && pod.securityContext.runAsUser > 0)) yield `${what}: may run as root`;
    if (pod.securityContext?.seccompProfile?.type !== 'RuntimeDefault') yield `${what}: no seccomp profile`;
    if (pod.automountServiceAccountToken !== false) yield `${what}: a token of the service account is mounted`;
    for (const container of pod.containers) yield* containers(what, pod, container);
    for (const { labelSelector } of pod.topologySpreadConstraints ?? [])
      if (!within(labelSelector.matchLabels, spec.template.metadata.labels)) yield `${what}: spreads pods of others`;
  }
}

function* containers(deployment, pod, { name, image, ports = [], securityContext = {}, volumeMounts = [], resources, ...more }) {
  const what = `${deployment}: ${name}`;
  if (!/:\d/.test(image)) yield `${what}: image ${image} has no version`;
  const { allowPrivilegeEscalation, readOnlyRootFilesystem, capabilities, privileged } = securityContext;
  if (allowPrivilegeEscalation !== false || readOnlyRootFilesystem !== true || privileged) yield `${what}: not restricted`;
  if (!capabilities?.drop?.includes('ALL')) yield `${what}: keeps capabilities`;
  if (!resources?.requests?.cpu || !resources?.requests?.memory || !resources?.limits?.memory) yield `${what}: resources are not told`;
  for (const mount of volumeMounts) if (!pod.volumes?.some((volume) => volume.name === mount.name)) yield `${what}: there is no volume ${mount.name}`;
  for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe']) {
    const port = more[probe]?.httpGet?.port;
    if (port !== undefined && !ports.some((one) => one.name === port)) yield `${what}: ${probe} asks port ${port}, which there is not`;
  }
}

function* gateways(documents) {
  const problems = [];
  const found = gatewaysOf(documents, problems);
  yield* problems;
  if (found.length === 0) yield 'no container is a gateway';
  for (const { deployment, container, config } of found) {
    const what = `Deployment/${deployment.metadata.name}`;
    const pod = deployment.spec.template.spec;
    const grace = pod.terminationGracePeriodSeconds ?? 30;
    const declared = Object.fromEntries((container.ports ?? []).map(({ name, containerPort }) => [name, containerPort]));
    if (grace < endOf(config) + MARGIN_S) yield `${what}: killed after ${grace} s, while the gateway may take ${endOf(config)} s`;
    if (declared.http !== portOf(config.listeners?.[0]?.bind)) yield `${what}: port http is not that of the listener`;
    if (declared.health !== portOf(config.admin?.health?.bind)) yield `${what}: port health is not that of admin.health`;
    if (!/^(0\.0\.0\.0|\[::\]):/.test(config.admin?.health?.bind ?? '')) yield `${what}: the kubelet cannot reach admin.health`;
    if (container.readinessProbe?.httpGet?.path !== '/readyz') yield `${what}: readiness is not /readyz`;
    for (const probe of ['startupProbe', 'livenessProbe']) if (container[probe]?.httpGet?.path !== '/livez') yield `${what}: ${probe} is not /livez`;
    for (const other of pod.containers.filter((one) => one !== container)) {
      const wait = other.lifecycle?.preStop?.sleep?.seconds ?? 0;
      if (wait < endOf(config) || wait + MARGIN_S > grace) yield `${what}: ${other.name} ends at another time than the gateway`;
    }
  }
}

function* services(documents) {
  for (const { metadata, spec } of ofKind(documents, 'Service')) {
    const [deployment] = podsOf(documents, spec.selector);
    if (!deployment) yield `Service/${metadata.name}: selects no pod`;
    for (const { targetPort } of deployment ? spec.ports : [])
      if (!portsOf(deployment).some(({ name }) => name === targetPort)) yield `Service/${metadata.name}: no container has the port ${targetPort}`;
  }
  for (const { metadata, spec } of ofKind(documents, 'ServiceMonitor')) {
    const found = ofKind(documents, 'Service').filter((one) => within(spec.selector.matchLabels, one.metadata.labels));
    if (found.length !== 1) yield `ServiceMonitor/${metadata.name}: selects ${found.length} services`;
    for (const { port, path: page } of spec.endpoints) {
      if (!found[0]?.spec.ports.some(({ name }) => name === port)) yield `ServiceMonitor/${metadata.name}: no service has the port ${port}`;
      if (page !== '/metrics') yield `ServiceMonitor/${metadata.name}: ${page} are no metrics`;
    }
  }
}

function* scaling(documents) {
  for (const { metadata, spec } of ofKind(documents, 'HorizontalPodAutoscaler')) {
    const target = named(documents, spec.scaleTargetRef.kind, spec.scaleTargetRef.name);
    if (!target) yield `HorizontalPodAutoscaler/${metadata.name}: scales nothing`;
    if (target?.spec.replicas !== undefined) yield `HorizontalPodAutoscaler/${metadata.name}: the Deployment says a number too`;
    if (!(spec.minReplicas >= 2)) yield `HorizontalPodAutoscaler/${metadata.name}: one pod alone is no service`;
  }
  for (const { metadata, spec } of ofKind(documents, 'PodDisruptionBudget'))
    if (podsOf(documents, spec.selector.matchLabels).length !== 1) yield `PodDisruptionBudget/${metadata.name}: selects no pods`;
}

// Whether the policy of the gateway's pods lets it reach what its configuration names.
function* network(documents) {
  const policies = ofKind(documents, 'NetworkPolicy');
  for (const { deployment, config } of policies.length === 0 ? [] : gatewaysOf(documents)) {
    const own = policies.find(({ spec }) => within(spec.podSelector.matchLabels, deployment.spec.template.metadata.labels));
    const ports = (rules) => rules.flatMap((rule) => rule.ports ?? []).map(({ port, protocol }) => `${protocol} ${port}`);
    if (!own) { yield `NetworkPolicy: none for ${deployment.metadata.name}`; continue; }
    const urls = Object.values(config.backends ?? {}).flatMap(({ servers }) => servers).map((url) => new URL(url));
    const wanted = [...urls.map(({ port, protocol }) => `TCP ${port || (protocol === 'https:' ? 443 : 80)}`), 'UDP 53', 'TCP 53', 'TCP 443'];
    for (const one of wanted) if (!ports(own.spec.egress).includes(one)) yield `NetworkPolicy/${own.metadata.name}: ${one} cannot be reached`;
    for (const { name } of portsOf(deployment)) if (!ports(own.spec.ingress).includes(`TCP ${name}`)) yield `NetworkPolicy/${own.metadata.name}: nobody reaches ${name}`;
    for (const host of urls.map(({ hostname }) => hostname).filter((name) => !/^127\./.test(name))) {
      const guards = policies.some(({ spec }) => spec.podSelector.matchLabels?.['app.kubernetes.io/name'] === host);
      if (!guards) yield `NetworkPolicy: ${host} can be reached past the gateway`;
    }
  }
}

function* bundle({ resources, documents, kustomization }) {
  const listed = new Set(kustomization.resources);
  for (const name of resources) if (!listed.has(name) && !name.endsWith('.example.yaml')) yield `kustomization: ${name} is left out`;
  for (const name of listed) if (!resources.includes(name)) yield `kustomization: there is no ${name}`;
  const names = new Set(documents.map(({ kind, metadata }) => `${kind}/${metadata.name}`));
  if (names.size !== documents.length) yield 'two documents have one name';
  const images = ofKind(documents, 'Deployment').flatMap(({ spec }) => spec.template.spec.containers.map(({ image }) => image.split(':')[0]));
  for (const image of images) if (!kustomization.images.some(({ name }) => name === image)) yield `kustomization: nobody says where ${image} is`;
}

export function manifestProblems(manifests) {
  const { documents } = manifests;
  const schema = documents.flatMap(schemaProblems);
  if (schema.length > 0) return schema;
  return [pods, gateways, services, scaling, network].flatMap((check) => [...check(documents)]).concat([...bundle(manifests)]);
}
