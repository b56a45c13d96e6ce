// Package trace follows each question through the program under one id: in the log,
// and in spans of OpenTelemetry where the operator has a place for them.
package trace

import (
	"cmp"
	"context"
	"log/slog"
	"os"
	"strings"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/attachebot/attache/internal/fault"
)

// Tracer makes spans. A nil *Tracer makes none.
type Tracer struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
}

// Open returns what sends spans to where the standard variables say, or nil where
// OTEL_EXPORTER_OTLP_ENDPOINT and OTEL_EXPORTER_OTLP_TRACES_ENDPOINT say nothing, or
// OTEL_SDK_DISABLED or OTEL_TRACES_EXPORTER say no. It speaks OTLP over HTTP alone:
// kind Invalid if another protocol is asked for. What can't be sent is logged.
func Open(ctx context.Context, version string, log *slog.Logger) (*Tracer, error) {
	env := os.Getenv
	if cmp.Or(env("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"), env("OTEL_EXPORTER_OTLP_ENDPOINT")) == "" ||
		strings.EqualFold(env("OTEL_SDK_DISABLED"), "true") || env("OTEL_TRACES_EXPORTER") == "none" {
		return nil, nil
	}
	if p := cmp.Or(env("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"), env("OTEL_EXPORTER_OTLP_PROTOCOL")); p != "" && p != "http/protobuf" {
		return nil, fault.New(fault.Invalid, "OTEL_EXPORTER_OTLP_PROTOCOL is %q: traces are sent by http/protobuf alone.", p)
	}
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "Traces can't be sent: %v.", err)
	}
	about, err := resource.New(ctx, resource.WithAttributes(attribute.String("service.name", "attache"), attribute.String("service.version", version)), resource.WithFromEnv())
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "OTEL_RESOURCE_ATTRIBUTES can't be used: %v.", err)
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("send traces", "error", err) }))
	t := &Tracer{provider: sdk.NewTracerProvider(sdk.WithBatcher(exporter), sdk.WithResource(about))}
	t.tracer = t.provider.Tracer("github.com/attachebot/attache")
	return t, nil
}

// Close sends what there is, for a few seconds.
func (t *Tracer) Close() error {
	if t == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return t.provider.Shutdown(ctx)
}

// start begins a span of the request that ctx names.
func (t *Tracer) start(ctx context.Context, name string, attrs ...attribute.KeyValue) (context.Context, trace.Span) {
	return t.tracer.Start(ctx, name, trace.WithAttributes(append(attrs, attribute.String("attache.request", request(ctx)))...))
}

// end ends a span. Of an error it tells the kind: its cause may hold what people said.
func end(span trace.Span, err error) {
	if err != nil {
		span.SetStatus(codes.Error, fault.KindOf(err).String())
	}
	span.End()
}
