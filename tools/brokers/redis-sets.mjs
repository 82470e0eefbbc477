/** Several private Redis servers that belong together: a cluster, or a master with its replica and their sentinel. */
import { startPrivate, until } from './index.mjs';

/** @param {import('./index.mjs').Broker[]} nodes */
const removeAll = (nodes) => Promise.all(nodes.map((node) => node.remove()));

/** Starts all, or none where one fails. */
async function startAll(starts) {
  const results = await Promise.allSettled(starts);
  const nodes = results.filter(({ status }) => status === 'fulfilled').map(({ value }) => value);
  const failed = results.find(({ status }) => status === 'rejected');
  if (failed) {
    await removeAll(nodes);
    throw failed.reason;
  }
  return nodes;
}

async function orRemove(nodes, work) {
  try {
    return await work();
  } catch (error) {
    await removeAll(nodes);
    throw error;
  }
}

/** Three masters, the slots shared among them. */
export async function startCluster() {
  const nodes = await startAll([1, 2, 3].map(() => startPrivate('redis', { cluster: true })));
  const [first] = nodes;
  const members = nodes.map(({ address }) => `${address.host}:${address.port}`);
  await orRemove(nodes, async () => {
    await first.ctl('--cluster', 'create', ...members, '--cluster-yes');
    const ready = async (node) => (await node.ctl('cluster', 'info')).includes('cluster_state:ok');
    await until(async () => (await Promise.all(nodes.map(ready))).every(Boolean), 30_000, 'the cluster to be ok');
  });
  return { nodes, members, remove: () => removeAll(nodes) };
}

/** A master, a replica of it, and one sentinel that makes the replica the master when the master has been away for 2 s. */
export async function startSentinel() {
  const name = 'mymaster';
  const master = await startPrivate('redis');
  const { port } = master.address;
  const others = [
    startPrivate('redis', { config: [`replicaof 127.0.0.1 ${port}`] }),
    startPrivate('redis', { sentinel: { name, port } }),
  ];
  const [replica, sentinel] = await orRemove([master], () => startAll(others));
  const nodes = [sentinel, replica, master];
  const sees = async () => {
    const seen = await sentinel.ctl('sentinel', 'replicas', name);
    return seen.includes(String(replica.address.port)) && (await replica.ctl('role')).includes('connected');
  };
  await orRemove(nodes, () => until(sees, 30_000, 'the sentinel to know the replica'));
  return { name, master, replica, sentinel, remove: () => removeAll(nodes) };
}
