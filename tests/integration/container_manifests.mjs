// SPDX-License-Identifier: Apache-2.0
// Goal: the Kubernetes manifests of docker/kubernetes are right: by Kubernetes' own schemas, in what they name of each other, and in the
// configurations of the gateway that they hold.
// Method: the schemas of npm packages made from Kubernetes' OpenAPI and the Prometheus operator's definitions; `jwtgate check`; and
// manifests broken in one place each, which the same checks must refuse.
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { run, tempDir, writeFiles } from './harness/gateway.mjs';
import { gatewaysOf, manifestProblems, readManifests } from './harness/manifests.mjs';

const FOLDER = new URL('../../docker/kubernetes/', import.meta.url).pathname;
const folders = { gateway: FOLDER, sidecar: path.join(FOLDER, 'sidecar') };

for (const [name, folder] of Object.entries(folders)) {
  test(`${name}: schemas and names`, () => assert.deepEqual(manifestProblems(readManifests(folder)), []));

  test(`${name}: the configuration inside passes \`jwtgate check\``, async (t) => {
    const [{ files }, ...more] = gatewaysOf(readManifests(folder).documents);
    const dir = tempDir(t);
    writeFiles(dir, files);
    const { status, stdout, stderr } = await run(['check', '-c', path.join(dir, 'gateway.yaml')]);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /: ok: 1 route, 1 backend, 0 warnings/);
    assert.equal(more.length, 0);
  });
}

const manifest = (kind, name) => ({ documents }) => documents.find((one) => one.kind === kind && (!name || one.metadata.name === name));
const deployment = manifest('Deployment');
const pod = (all) => deployment(all).spec.template.spec;
const gateway = (all) => pod(all).containers[0];
const edit = (kind, name, from, to) => (all) => {
  const { data } = manifest(kind)(all);
  assert.ok(data[name].includes(from));
  data[name] = data[name].replace(from, to);
};

// what is broken: [what breaks it, what is told]
const broken = {
  gateway: {
    'a key that there is not': [(all) => { gateway(all).livenessProb = {}; }, /unknown key \/spec\/template\/spec\/containers\/0\/livenessProb$/],
    'a key that there is not in a ServiceMonitor': [(all) => { manifest('ServiceMonitor')(all).spec.endpoints[0].paths = '/'; }, /unknown key .*paths/],
    'a text for a number': [(all) => { pod(all).terminationGracePeriodSeconds = '40'; }, /terminationGracePeriodSeconds must be/],
    'a port as a number in a ServiceMonitor': [(all) => { manifest('ServiceMonitor')(all).spec.endpoints[0].port = 9181; }, /port must be string/],
    'no selector': [(all) => { delete deployment(all).spec.selector; }, /selector/],
    'an old version': [(all) => { manifest('HorizontalPodAutoscaler')(all).apiVersion = 'autoscaling/v1'; }, /no schema of autoscaling\/v1/],
    'pods that are not selected': [(all) => { deployment(all).spec.template.metadata.labels = { app: 'x' }; }, /does not match its pods/],
    'too short a grace period': [(all) => { pod(all).terminationGracePeriodSeconds = 34; }, /killed after 34 s, while the gateway may take 30 s/],
    'a longer drain': [edit('ConfigMap', 'gateway.yaml', 'drain: 25s', 'drain: 31s'), /may take 36 s/],
    'another port of the listener': [edit('ConfigMap', 'gateway.yaml', '0.0.0.0:8080', '0.0.0.0:8081'), /port http is not/],
    'another port of admin.health': [edit('ConfigMap', 'gateway.yaml', '0.0.0.0:9181', '0.0.0.0:9182'), /port health is not/],
    'admin.health on loopback': [edit('ConfigMap', 'gateway.yaml', '0.0.0.0:9181', '127.0.0.1:9181'), /kubelet cannot reach/],
    'another port of the backend': [edit('ConfigMap', 'gateway.yaml', 'orders:8080', 'orders:8081'), /TCP 8081 cannot be reached/],
    'a probe of a port without name': [(all) => { gateway(all).readinessProbe.httpGet.port = 'admin'; }, /asks port admin/],
    'liveness that asks for keys': [(all) => { gateway(all).livenessProbe.httpGet.path = '/readyz'; }, /livenessProbe is not \/livez/],
    'a key of the Secret that there is not': [(all) => { pod(all).volumes[0].projected.sources[1].secret.items[0].key = 'tokens'; }, /has no key tokens/],
    'a ConfigMap that there is not': [(all) => { pod(all).volumes[0].projected.sources[0].configMap.name = 'other'; }, /no ConfigMap other/],
    'a volume that there is not': [(all) => { gateway(all).volumeMounts.push({ name: 'tmp', mountPath: '/tmp' }); }, /no volume tmp/],
    'a root file system to write to': [(all) => { gateway(all).securityContext.readOnlyRootFilesystem = false; }, /not restricted/],
    'root': [(all) => { pod(all).securityContext.runAsUser = 0; }, /may run as root/],
    'kept capabilities': [(all) => { delete gateway(all).securityContext.capabilities; }, /keeps capabilities/],
    'an image without version': [(all) => { gateway(all).image = 'jwtgate:latest'; }, /has no version/],
    'a Service of nobody': [(all) => { manifest('Service')(all).spec.selector = { app: 'x' }; }, /selects no pod/],
    'a Service to a port that there is not': [(all) => { manifest('Service')(all).spec.ports[0].targetPort = 'https'; }, /port https/],
    'a ServiceMonitor of nobody': [(all) => { manifest('ServiceMonitor')(all).spec.selector.matchLabels = { app: 'x' }; }, /selects 0 services/],
    'an autoscaler of nobody': [(all) => { manifest('HorizontalPodAutoscaler')(all).spec.scaleTargetRef.name = 'x'; }, /scales nothing/],
    'a number beside the autoscaler': [(all) => { deployment(all).spec.replicas = 2; }, /says a number too/],
    'a budget of nobody': [(all) => { manifest('PodDisruptionBudget')(all).spec.selector.matchLabels = { app: 'x' }; }, /PodDisruptionBudget.*selects no pods/],
    'a backend open to all': [(all) => { all.documents = all.documents.filter(({ metadata }) => metadata.name !== 'orders-behind-jwtgate'); }, /past the gateway/],
    'a file left out': [(all) => { all.kustomization.resources.pop(); }, /service-monitor.yaml is left out/],
  },
  sidecar: {
    'an application that ends before the gateway': [(all) => { pod(all).containers[1].lifecycle.preStop.sleep.seconds = 24; }, /ends at another time/],
    'an application that is killed': [(all) => { pod(all).containers[1].lifecycle.preStop.sleep.seconds = 44; }, /ends at another time/],
    'a hook that there is not': [(all) => { pod(all).containers[1].lifecycle.preStop = { wait: 30 }; }, /unknown key .*wait/],
  },
};

for (const [name, cases] of Object.entries(broken))
  for (const [what, [damage, told]] of Object.entries(cases))
    test(`${name}: ${what} is refused`, () => {
      const manifests = readManifests(folders[name]);
      damage(manifests);
      assert.match(manifestProblems(manifests).join('\n'), told);
    });
