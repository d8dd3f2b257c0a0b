{{/*
Probes of one service: root, name, service. A container whose models do not load is started anew after startupSeconds, one that is stalled after the
liveness probe has said so; the Gateway is ready without its backends, as it says per call what is missing. The kubelet asks gRPC without TLS only, so a
service with a certificate is asked at its port for metrics.
*/}}
{{- define "realign.probes" -}}
{{- $ready := eq .name "gateway" | ternary "liveness" "" -}}
startupProbe:
  {{- include "realign.probe" (dict "context" . "name" $ready "path" "/readyz") | nindent 2 }}
  periodSeconds: 5
  timeoutSeconds: 3
  failureThreshold: {{ div (add .root.Values.startupSeconds 4) 5 }}
readinessProbe:
  {{- include "realign.probe" (dict "context" . "name" $ready "path" "/readyz") | nindent 2 }}
  periodSeconds: 5
  timeoutSeconds: 3
  failureThreshold: 2
livenessProbe:
  {{- include "realign.probe" (dict "context" . "name" "liveness" "path" "/healthz") | nindent 2 }}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 3
{{- end }}

{{/* The question of one probe: context, name (for gRPC), path (for HTTP). */}}
{{- define "realign.probe" -}}
{{- if include "realign.certificate" .context -}}
httpGet:
  port: metrics
  path: {{ .path }}
{{- else -}}
grpc:
  port: {{ .context.service.port }}
  service: {{ .name | quote }}
{{- end }}
{{- end }}
