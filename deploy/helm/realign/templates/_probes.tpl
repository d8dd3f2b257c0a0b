{{/*
Probes of one service: root, name, service. A container whose models do not load is started anew after startupSeconds, one that is stalled after the
liveness probe has said so; the Gateway is ready without its backends, as it says per call what is missing.
*/}}
{{- define "realign.probes" -}}
{{- $ready := eq .name "gateway" | ternary "liveness" "" -}}
startupProbe:
  grpc:
    port: {{ .service.port }}
    service: {{ $ready | quote }}
  periodSeconds: 5
  timeoutSeconds: 3
  failureThreshold: {{ div (add .root.Values.startupSeconds 4) 5 }}
readinessProbe:
  grpc:
    port: {{ .service.port }}
    service: {{ $ready | quote }}
  periodSeconds: 5
  timeoutSeconds: 3
  failureThreshold: 2
livenessProbe:
  grpc:
    port: {{ .service.port }}
    service: liveness
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 3
{{- end }}
