// Package client connects to a Realign mesh and reads why calls fail.
package client

import (
	"context"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"
)

const maxMessageBytes = 64 << 20

// key is sent with every call.
type key string

func (k key) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + string(k)}, nil
}

func (k key) RequireTransportSecurity() bool { return false }

// Connect opens a channel to host:port, or to every address of a name with dns:///name:port. An empty key is none;
// nil credentials are no TLS. Calls are spread over the addresses.
func Connect(address string, apiKey string, tls credentials.TransportCredentials) (*grpc.ClientConn, error) {
	options := []grpc.DialOption{
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessageBytes)),
		grpc.WithDefaultServiceConfig(`{"loadBalancingConfig": [{"round_robin": {}}]}`),
	}
	if tls == nil {
		options = append(options, grpc.WithInsecure())
	} else {
		options = append(options, grpc.WithTransportCredentials(tls))
	}
	if apiKey != "" {
		options = append(options, grpc.WithPerRPCCredentials(key(apiKey)))
	}
	return grpc.Dial(address, options...)
}

// Failure is why a call failed, from the details of its status.
type Failure struct {
	Code    codes.Code
	Message string
	// Reason is what a program can tell apart; empty where the status came from nobody of ours.
	Reason string
	// Fields of the request that are wrong, with the reason.
	Fields map[string]string
	// RetryAfter tells when it is worth another call; 0 = never, or not known.
	RetryAfter time.Duration
}

// FailureOf reads the error of a call.
func FailureOf(err error) Failure {
	state := status.Convert(err)
	failure := Failure{Code: state.Code(), Message: state.Message(), Fields: map[string]string{}}
	for _, detail := range state.Details() {
		switch known := detail.(type) {
		case *errdetails.ErrorInfo:
			failure.Reason = known.GetReason()
		case *errdetails.RetryInfo:
			failure.RetryAfter = known.GetRetryDelay().AsDuration()
		case *errdetails.BadRequest:
			for _, violation := range known.GetFieldViolations() {
				failure.Fields[violation.GetField()] = violation.GetDescription()
			}
		}
	}
	return failure
}
