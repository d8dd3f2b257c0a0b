// What a client of a Realign mesh does: status, a flow with progress, a reward with its gradient, an error with its details, a deadline, leaving.
// usage: tour 127.0.0.1:5100 [PROMPT]; prints what it saw as JSON. REALIGN_KEY is the key, where the mesh asks for one.
import { connect, failureOf } from './realign.mjs';

const [address, prompt = 'a red car and a pink elephant'] = process.argv.slice(2);
const mesh = connect(address, { key: process.env.REALIGN_KEY });

const { services } = await mesh.gateway.GetMeshStatus({}, { seconds: 10 });

const stages = [];
let steps = 0;
let result;
for await (const event of mesh.gateway.Realign({ generate: { prompt, seed: 0 } }, { seconds: 120 })) {
  if (event.event === 'started') stages.push(event.stage);
  if (event.event === 'progress') steps++;
  if (event.event === 'result') result = event.result;
}

const { items: [scored] } = await mesh.rewards.Score({
  items: [{ prompt, image: { encoded: result.png } }],
  rewards: [{ kind: 'REWARD_KIND_LIKELIHOOD' }],
  gradient: { data_type: 'DATA_TYPE_FLOAT32' },
}, { seconds: 60 });

const refused = await failure({ prompt: '' }, 60);
const late = await failure({ prompt, num_inference_steps: 1000 }, 0.5);

const leaving = new AbortController();
const left = await failure({ prompt, num_inference_steps: 1000 }, 60, leaving);

console.log(JSON.stringify({
  serving: services.filter((service) => service.state === 'SERVICE_STATE_SERVING').length,
  stages,
  steps,
  png: result.png.subarray(0, 4).toString('hex'),
  reward: scored.reward,
  gradient: scored.gradient.data.length,
  refused: refused.code,
  reason: refused.reason,
  field: Object.keys(refused.fields).join(),
  late: late.code,
  left: left.code,
}));
mesh.close();

// runs a flow to its failure; with a controller it is left after the first event
async function failure(generate, seconds, controller) {
  try {
    for await (const event of mesh.gateway.Realign({ generate }, { seconds, signal: controller?.signal })) controller?.abort(event);
  } catch (error) {
    return failureOf(error);
  }
  return { code: 'OK' };
}
