{{/* Name of everything of a release: its name alone when that says realign. */}}
{{- define "realign.fullname" -}}
{{- contains .Chart.Name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name .Chart.Name) | trunc 40 | trimSuffix "-" }}
{{- end }}

{{/* Section of a service's settings: scene-scorer is SceneScorer. */}}
{{- define "realign.section" -}}
{{- . | replace "-" " " | title | replace " " "" -}}
{{- end }}

{{/* Labels that select the pods of a service: root, name. */}}
{{- define "realign.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .name }}
{{- end }}

{{/* Labels of every object: root, name. */}}
{{- define "realign.labels" -}}
{{ include "realign.selector" . }}
app.kubernetes.io/part-of: realign
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{/* The values of one service, those of all under them: root, name. As YAML. */}}
{{- define "realign.service" -}}
{{- toYaml (mergeOverwrite (deepCopy .root.Values.defaults) (deepCopy (index .root.Values.services .name))) -}}
{{- end }}

{{/* Secret with the certificate that a service shows; empty = none: root, name. */}}
{{- define "realign.certificate" -}}
{{- eq .name "gateway" | ternary .root.Values.tls.gateway .root.Values.tls.backends -}}
{{- end }}

{{/*
Secrets that are mounted below /secrets, by the folder's name: root, name. As YAML. Of the backends' certificate the Gateway gets the authority alone.
*/}}
{{- define "realign.secrets" -}}
{{- $secrets := dict "tls" (include "realign.certificate" .) -}}
{{- if eq .name "gateway" -}}
  {{- $_ := set $secrets "keys" .root.Values.keys.gateway -}}
  {{- $_ := set $secrets "delegate" .root.Values.keys.delegate -}}
  {{- $_ := set $secrets "backends" .root.Values.tls.backends -}}
  {{- $_ := set $secrets "client" .root.Values.tls.client -}}
{{- else -}}
  {{- $_ := set $secrets "keys" .root.Values.keys.backends -}}
{{- end -}}
{{- range $folder, $secret := $secrets }}
{{- if $secret }}
{{ $folder }}: {{ $secret }}
{{- end }}
{{- end }}
{{- end }}

{{/* Image by digest where there is one, else by tag: root, service. */}}
{{- define "realign.image" -}}
{{- $name := .service.image.repository -}}
{{- with .root.Values.image.registry }}{{ $name = printf "%s/%s" . $name }}{{ end -}}
{{- if .service.image.digest -}}
{{ $name }}@{{ .service.image.digest }}
{{- else -}}
{{ $name }}:{{ default .root.Chart.AppVersion .root.Values.image.tag }}
{{- end -}}
{{- end }}
