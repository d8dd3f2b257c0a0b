// Calls a Realign mesh: text-to-image with verification, and differentiable rewards.
import { credentials, loadPackageDefinition, Metadata, status } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { fileURLToPath } from 'node:url';

const MAX_MESSAGE_BYTES = 64 << 20;
const folder = fileURLToPath(new URL('./protos', import.meta.url));
const names = ['gateway', 'reward', 'generator', 'captioner', 'tagger', 'scene_scorer', 'segmenter'];
const definition = loadSync(
  [...names.map((name) => `realign/v1/${name}.proto`), 'realign/client/v1/details.proto'],
  { includeDirs: [folder], keepCase: true, longs: String, enums: String, defaults: true, oneofs: true });
const services = loadPackageDefinition(definition).realign.v1;
const decode = (name, bytes) => definition[`realign.client.v1.${name}`].deserialize(bytes);

/**
 * Connects to the services that answer at an address: of a Gateway, `gateway` and `rewards`. Methods have the names of the protos. A unary one
 * gives a promise, a streaming one an async iterable; both take (request, { seconds, signal }).
 *
 * @param {string} address host:port, or dns:///name:port: calls are spread over its addresses and repeated where one is away
 * @param {{ key?: string, tenant?: string, tls?: import('@grpc/grpc-js').ChannelCredentials }} [options]
 */
export function connect(address, { key, tenant, tls } = {}) {
  const channelOptions = {
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
    'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
    'grpc.enable_http_proxy': 0,
    'grpc.service_config': JSON.stringify({
      loadBalancingConfig: [{ round_robin: {} }],
      methodConfig: [{
        name: [{}],
        retryPolicy: { maxAttempts: 4, initialBackoff: '0.1s', maxBackoff: '1s', backoffMultiplier: 2, retryableStatusCodes: ['UNAVAILABLE'] },
      }],
    }),
  };
  const metadata = new Metadata();
  if (key) metadata.set('authorization', `Bearer ${key}`);
  if (tenant) metadata.set('x-tenant', tenant);
  const clients = {};
  const open = (service) => {
    const client = new services[service](address, tls ?? credentials.createInsecure(), channelOptions);
    clients[service] = client;
    return Object.fromEntries(Object.entries(services[service].service).map(([name, method]) => [
      name, method.responseStream ? stream(client, name, metadata) : unary(client, name, metadata)]));
  };
  return {
    gateway: open('GatewayService'),
    rewards: open('RewardService'),
    generator: open('GeneratorService'),
    captioner: open('CaptionerService'),
    tagger: open('TaggerService'),
    sceneScorer: open('SceneScorerService'),
    segmenter: open('SegmenterService'),
    close: () => Object.values(clients).forEach((client) => client.close()),
  };
}

/**
 * Why a call failed, from the details of its status: code and message, reason (what a program can tell apart), fields of the request that are
 * wrong, and the seconds after which another call is worth it.
 */
export function failureOf(error) {
  const failure = { code: status[error.code] ?? 'UNKNOWN', message: error.details ?? error.message, reason: '', fields: {}, retryAfter: undefined };
  const bytes = error.metadata?.get('grpc-status-details-bin')[0];
  for (const { type_url: type, value } of bytes ? decode('Status', bytes).details : []) {
    const kind = type.slice(type.lastIndexOf('/') + 1);
    if (kind === 'google.rpc.ErrorInfo') {
      failure.reason = decode('ErrorInfo', value).reason;
    } else if (kind === 'google.rpc.BadRequest') {
      for (const { field, description } of decode('BadRequest', value).field_violations) failure.fields[field] = description;
    } else if (kind === 'google.rpc.RetryInfo') {
      const { seconds, nanos } = decode('RetryInfo', value).retry_delay;
      failure.retryAfter = Number(seconds) + nanos / 1e9;
    }
  }
  return failure;
}

const until = (seconds) => ({ deadline: new Date(Date.now() + seconds * 1000) });

function unary(client, name, metadata) {
  return (request, { seconds = 600, signal } = {}) => new Promise((resolve, reject) => {
    const call = client[name](request, metadata, until(seconds), (error, answer) => (error ? reject(error) : resolve(answer)));
    signal?.addEventListener('abort', () => call.cancel(), { once: true });
  });
}

function stream(client, name, metadata) {
  return async function* events(request, { seconds = 600, signal } = {}) {
    const call = client[name](request, metadata, until(seconds));
    const leave = () => call.cancel();
    signal?.addEventListener('abort', leave, { once: true });
    try {
      yield* call;
    } finally {
      signal?.removeEventListener('abort', leave);
      call.cancel();
    }
  };
}
