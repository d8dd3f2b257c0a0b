using System.Text.Json.Nodes;
using Realign.Deploy.Tests.Manifests;

namespace Realign.Deploy.Tests.Charts;

/// <summary>Mistakes that charts are made with. Most of them are objects that Kubernetes takes without a word.</summary>
internal static class SeededFaults
{
    public static IReadOnlyList<Fault> All { get; } =
    [
        new("A Service selects nothing", "default", set => Spec(set, "Service", "tagger")["selector"]!["app.kubernetes.io/component"] = "taggers",
            "selects the pods of 0 services"),
        new("A Service selects the pods of another service", "default",
            set => Spec(set, "Service", "tagger")["selector"]!["app.kubernetes.io/component"] = "segmenter", "selects the pods of segmenter"),
        new("A Service selects all pods", "default", set => Spec(set, "Service", "tagger")["selector"]!.AsObject().Remove("app.kubernetes.io/component"),
            "selects the pods of 6 services"),
        new("A Deployment's selector is not in its pods", "default",
            set => Spec(set, "Deployment", "tagger")["selector"]!["matchLabels"]!["tier"] = "model", "Deployment realign-tagger: it selects the pods of 0"),
        new("A target port does not exist", "default", set => Spec(set, "Service", "tagger")["ports"]![0]!["targetPort"] = "http", "has no port http"),
        new("A probe has two handlers", "default", set => Container(set, "tagger")["livenessProbe"]!["tcpSocket"] = new JsonObject { ["port"] = 5103 },
            "livenessProbe has 2 handlers"),
        new("A probe has no handler", "default", set => Container(set, "tagger")["readinessProbe"]!.AsObject().Remove("grpc"),
            "readinessProbe has 0 handlers"),
        new("A probe is missing", "default", set => Container(set, "tagger").Remove("startupProbe"), "startupProbe is missing"),
        new("Liveness waits for the model", "default", set => Container(set, "tagger")["livenessProbe"]!["grpc"]!["service"] = "",
            "livenessProbe asks for ''"),
        new("The Gateway is ready with its backends only", "default", set => Container(set, "gateway")["readinessProbe"]!["grpc"]!["service"] = "",
            "readinessProbe asks for ''"),
        new("A probe asks at another port", "default", set => Container(set, "tagger")["livenessProbe"]!["grpc"]!["port"] = 5104, "asks at another port"),
        new("Models have a minute to load", "default", set => Container(set, "tagger")["startupProbe"]!["failureThreshold"] = 12, "less than 300 s to load"),
        new("A setting is misspelt", "gpu", set => Variable(set, "generator", "Generator__DType")["name"] = "Generator__Dtype", "is no setting of generator"),
        new("A setting of another service", "default", set => Variable(set, "tagger", "REALIGN_MODELS")["name"] = "Segmenter__Threads",
            "Segmenter__Threads is no setting of tagger"),
        new("A variable is a number", "default", set => Variable(set, "tagger", "Hosting__MetricsPort")["value"] = 9464, "is not a text"),
        new("The Gateway knows one address for all replicas", "default",
            set => Variable(set, "gateway", "Gateway__Tagger")["value"] = "http://realign-tagger:5103", "is no dns:///name:port"),
        new("The Gateway looks at a name that is not there", "default",
            set => Variable(set, "gateway", "Gateway__Tagger")["value"] = "dns:///tagger:5103", "tagger is no Service of it"),
        new("The Gateway looks at another port", "default", set => Variable(set, "gateway", "Gateway__Tagger")["value"] = "dns:///realign-tagger:5100",
            "has no port 5100"),
        new("A backend's Service has an address of its own", "default", set => Spec(set, "Service", "tagger").Remove("clusterIP"),
            "a connection stays with one"),
        new("A pod runs as root", "default", set => Pod(set, "tagger")["securityContext"]!["runAsNonRoot"] = false, "may run as root"),
        new("A pod writes to its root file system", "default", set => Container(set, "tagger")["securityContext"]!["readOnlyRootFilesystem"] = false,
            "root file system can be written to"),
        new("A pod keeps a capability", "default", set => Container(set, "tagger")["securityContext"]!["capabilities"]!["add"] = new JsonArray("NET_RAW"),
            "keeps capabilities"),
        new("A pod holds a token", "default", set => Pod(set, "tagger").Remove("automountServiceAccountToken"), "holds a token"),
        new("A pod has all system calls", "default", set => Pod(set, "tagger")["securityContext"]!.AsObject().Remove("seccompProfile"), "every system call"),
        new("A key in plain text", "hardened", set => Variable(set, "gateway", "Gateway__BackendKeyFile")["value"] = "rk_0123456789", "in plain text"),
        new("A password in an address", "default",
            set => Variable(set, "tagger", "REALIGN_MODELS")["value"] = "https://realign:hunter2@models.example.com", "private key or a password"),
        new("A Secret in the chart", "default", set => set.One("Service", "realign-tagger").Body["kind"] = "Secret", "in the release's history"),
        new("A key file that is not mounted", "hardened", set => Container(set, "gateway")["volumeMounts"]!.AsArray().RemoveAt(1), "which is not mounted"),
        new("A probe without TLS asks a service with TLS", "hardened", set => GrpcProbe(set, "tagger"), "livenessProbe asks without TLS"),
        new("A backend with TLS is called without", "hardened",
            set => Variable(set, "gateway", "Gateway__Tagger")["value"] = "dns:///realign-tagger:5103", "is no dns+https:///name:port"),
        new("A service with a certificate listens without TLS", "hardened",
            set => Variable(set, "tagger", "ASPNETCORE_URLS")["value"] = "http://0.0.0.0:5103", "does not listen at the port grpc"),
        new("A volume that is not there", "default", set => Pod(set, "tagger")["volumes"]!.AsArray().RemoveAt(1), "there is no volume models"),
        new("Models that can be written to", "default", set => Container(set, "tagger")["volumeMounts"]![1]!.AsObject().Remove("readOnly"),
            "/models can be written to"),
        new("No time to end calls", "default", set => Pod(set, "tagger")["terminationGracePeriodSeconds"] = 30, "is killed after 30 s"),
        new("No wait before the end", "default", set => Container(set, "tagger").Remove("lifecycle"), "have not heard yet"),
        new("Memory without a limit", "default", set => Container(set, "tagger")["resources"]!["limits"]!.AsObject().Remove("memory"), "has no limit"),
        new("More asked for than allowed", "default", set => Container(set, "tagger")["resources"]!["requests"]!["memory"] = "8Gi", "asks for more memory"),
        new("An image without a version", "default", set => Container(set, "tagger")["image"] = "realign/tagger", "names no version"),
        new("The image of another service", "default", set => Container(set, "tagger")["image"] = "realign/segmenter:0.1.0", "is not the image of tagger"),
        new("A scaler and a number of replicas", "scaled", set => Spec(set, "Deployment", "generator")["replicas"] = 2, "each upgrade would undo"),
        new("A scaler of nothing", "scaled", set => Spec(set, "ScaledObject", "tagger")["scaleTargetRef"]!["name"] = "tagger", "it scales 'tagger'"),
        new("A scaler by the CPU", "scaled",
            set => Spec(set, "HorizontalPodAutoscaler", "generator")["metrics"] = new JsonArray(new JsonObject
            {
                ["type"] = "Resource",
                ["resource"] = new JsonObject { ["name"] = "cpu", ["target"] = new JsonObject { ["type"] = "Utilization", ["averageUtilization"] = 80 } },
            }),
            "says nothing about queues"),
        new("A slow model is scaled to zero", "scaled", set => Spec(set, "HorizontalPodAutoscaler", "generator")["minReplicas"] = 0,
            "may be scaled to zero"),
        new("A backend is open to all pods", "default",
            set => Spec(set, "NetworkPolicy", "tagger")["ingress"]![0]!["from"]![0]!["podSelector"] = new JsonObject(), "lets others than the Gateway call"),
        new("A policy lets everybody in", "default", set => Spec(set, "NetworkPolicy", "tagger")["ingress"]![1]!.AsObject().Remove("from"),
            "lets everybody in"),
        new("A policy keeps the Gateway from a backend", "default", set => Spec(set, "NetworkPolicy", "gateway")["egress"]!.AsArray().RemoveAt(1),
            "the Gateway cannot reach captioner"),
        new("A backend without a policy", "default", set => Remove(set, "NetworkPolicy", "tagger"), "realign-tagger: 0 policies"),
        new("A service without a Service", "default", set => Remove(set, "Service", "tagger"), "there is no Service for it"),
        new("A budget for pods that are not there", "default",
            set => Spec(set, "PodDisruptionBudget", "tagger")["selector"]!["matchLabels"]!["app.kubernetes.io/instance"] = "other",
            "selects the pods of 0 services"),
        new("Nothing scrapes", "scaled", set => set.One("ServiceMonitor", "realign").Body["spec"]!["endpoints"]![0]!["port"] = "http", "scrapes tagger 0 times"),
        new("A field that does not exist", "default", set => Container(set, "tagger")["imagePullPolicies"] = "Always", "imagePullPolicies"),
        new("A field of another type", "default", set => Spec(set, "Deployment", "tagger")["replicas"] = "two", "replicas"),
        new("A kind of a version that does not exist", "scaled", set => set.One("ScaledObject", "realign-tagger").Body["apiVersion"] = "keda.sh/v2",
            "there is no keda.sh/v2 ScaledObject"),
        new("A list where there is a number", "scaled", set => Spec(set, "ScaledObject", "tagger")["maxReplicaCount"] = new JsonArray(4), "maxReplicaCount"),
    ];

    private static JsonObject Spec(ManifestSet set, string kind, string service) => set.One(kind, $"realign-{service}").At("spec")!.AsObject();

    private static JsonObject Pod(ManifestSet set, string service) => set.One("Deployment", $"realign-{service}").Pod!;

    private static JsonObject Container(ManifestSet set, string service) => set.One("Deployment", $"realign-{service}").Container;

    private static JsonObject Variable(ManifestSet set, string service, string name) =>
        Container(set, service)["env"]!.AsArray().Single(variable => variable!["name"]!.ToString() == name)!.AsObject();

    private static void GrpcProbe(ManifestSet set, string service) => Container(set, service)["livenessProbe"] = new JsonObject
    {
        ["grpc"] = new JsonObject { ["port"] = 5103, ["service"] = "liveness" },
        ["periodSeconds"] = 10,
        ["timeoutSeconds"] = 5,
    };

    private static void Remove(ManifestSet set, string kind, string service) =>
        set.Items.Remove(set.One(kind, $"realign-{service}"));
}
