{{/* A setting's value as text; numbers of value files are floats, which would be written as 1e+06. */}}
{{- define "realign.value" -}}
{{- kindIs "float64" . | ternary (regexReplaceAll "\\.?0+$" (printf "%f" (float64 .)) "") (toString .) -}}
{{- end }}

{{/*
Settings of one service as environment variables, and those of the process: root, name, service. What a value set says goes before what the chart says.
*/}}
{{- define "realign.environment" -}}
{{- $root := .root -}}
{{- $fullname := include "realign.fullname" $root -}}
{{- $settings := dict "Hosting" (dict "Address" "0.0.0.0" "MetricsPort" 9464 "DrainSeconds" $root.Values.drainSeconds) -}}
{{- if eq .name "gateway" -}}
  {{- $addresses := dict -}}
  {{- $scheme := $root.Values.tls.backends | empty | ternary "dns" "dns+https" -}}
  {{- range $backend, $values := omit $root.Values.services "gateway" -}}
    {{- $_ := set $addresses (include "realign.section" $backend) (printf "%s:///%s-%s:%v" $scheme $fullname $backend $values.port) -}}
  {{- end -}}
  {{- if $root.Values.keys.delegate -}}
    {{- $_ := set $addresses "BackendKeyFile" "/secrets/delegate/gateway.key" -}}
  {{- end -}}
  {{- if $root.Values.tls.backends -}}
    {{- $_ := set $addresses "BackendCAFile" "/secrets/backends/ca.crt" -}}
  {{- end -}}
  {{- if $root.Values.tls.client -}}
    {{- $_ := set $addresses "BackendCertificateFile" "/secrets/client/tls.crt" -}}
    {{- $_ := set $addresses "BackendCertificateKeyFile" "/secrets/client/tls.key" -}}
  {{- end -}}
  {{- $_ := set $settings "Gateway" $addresses -}}
{{- else if $root.Values.tls.client -}}
  {{- $_ := set $settings.Hosting "ClientCAFile" "/secrets/tls/ca.crt" -}}
{{- end -}}
{{- if include "realign.certificate" . -}}
  {{- $_ := set $settings.Hosting "CertificateFile" "/secrets/tls/tls.crt" -}}
  {{- $_ := set $settings.Hosting "CertificateKeyFile" "/secrets/tls/tls.key" -}}
{{- end -}}
{{- if eq .name "gateway" | ternary $root.Values.keys.gateway $root.Values.keys.backends -}}
  {{- $_ := set $settings.Hosting "KeyFile" "/secrets/keys/keys.json" -}}
{{- end -}}
{{- $settings = mergeOverwrite $settings (deepCopy .service.settings) -}}
{{- range $section, $values := $settings }}
{{- range $name, $value := $values }}
{{- if kindIs "map" $value }}
{{- range $inner, $number := $value }}
- name: {{ $section }}__{{ $name }}__{{ $inner }}
  value: {{ include "realign.value" $number | quote }}
{{- end }}
{{- else }}
- name: {{ $section }}__{{ $name }}
  value: {{ include "realign.value" $value | quote }}
{{- end }}
{{- end }}
{{- end }}
- name: ASPNETCORE_URLS
  value: {{ include "realign.certificate" . | empty | ternary "http" "https" }}://0.0.0.0:{{ .service.port }}
- name: REALIGN_MODELS
  value: /models
{{- with $root.Values.telemetry.otlpEndpoint }}
- name: OTEL_EXPORTER_OTLP_ENDPOINT
  value: {{ . | quote }}
- name: OTEL_RESOURCE_ATTRIBUTES
  value: service.namespace={{ $root.Release.Namespace }},service.instance.id=$(POD_NAME)
- name: POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
{{- end }}
{{- end }}
