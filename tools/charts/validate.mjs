// Checks objects for Kubernetes against the schemas of the npm packages kubernetes-models: a JSON array on standard input, one line for each problem.
const packages = new URL("../../native/npm/node_modules/", import.meta.url);

const folder = (version) => {
  if (version.startsWith("keda.sh/")) return `@kubernetes-models/keda/${version}`;
  if (version.startsWith("monitoring.coreos.com/")) return `@kubernetes-models/prometheus-operator/${version}`;
  return `kubernetes-models/${version}`;
};

let text = "";
for await (const chunk of process.stdin) text += chunk;
for (const object of JSON.parse(text)) {
  const name = `${object.kind} ${object.metadata?.name}`;
  try {
    const models = await import(new URL(`${folder(object.apiVersion)}/${object.kind}.js`, packages));
    new models[object.kind](object).validate();
  } catch (error) {
    console.log(`${name}: ${error.code === "ERR_MODULE_NOT_FOUND" ? `there is no ${object.apiVersion} ${object.kind}` : error.message}`);
  }
}
