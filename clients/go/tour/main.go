// What a client of a Realign mesh does: status, a flow with progress, a reward with its gradient, an error with its details, a deadline,
// leaving. Usage: tour 127.0.0.1:5100 [PROMPT]; prints what it saw as JSON. REALIGN_KEY is the key, where the mesh asks for one.
package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"time"
	"unicode"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"realign/client"
	v1 "realign/v1"
)

func main() {
	prompt := "a red car and a pink elephant"
	if len(os.Args) > 2 {
		prompt = os.Args[2]
	}
	channel, err := client.Connect(os.Args[1], os.Getenv("REALIGN_KEY"), nil)
	check(err)
	defer channel.Close()
	gateway := v1.NewGatewayServiceClient(channel)

	short, done := context.WithTimeout(context.Background(), 10*time.Second)
	defer done()
	mesh, err := gateway.GetMeshStatus(short, &v1.GetMeshStatusRequest{})
	check(err)
	serving := 0
	for _, service := range mesh.GetServices() {
		if service.GetState() == v1.ServiceState_SERVICE_STATE_SERVING {
			serving++
		}
	}

	seed := uint64(0)
	var stages []string
	steps := 0
	var result *v1.RealignResult
	err = realign(gateway, &v1.GenerateRequest{Prompt: prompt, Seed: &seed}, 2*time.Minute, func(event *v1.RealignResponse) {
		if event.GetStarted() != nil {
			stages = append(stages, event.GetStage().String())
		}
		if event.GetProgress() != nil {
			steps++
		}
		if event.GetResult() != nil {
			result = event.GetResult()
		}
	})
	check(err)

	long, over := context.WithTimeout(context.Background(), time.Minute)
	defer over()
	scored, err := v1.NewRewardServiceClient(channel).Score(long, &v1.ScoreRequest{
		Items:    []*v1.ScoreItem{{Prompt: prompt, Image: &v1.Image{Source: &v1.Image_Encoded{Encoded: result.GetPng()}}}},
		Rewards:  []*v1.RewardSpec{{Kind: v1.RewardKind_REWARD_KIND_LIKELIHOOD}},
		Gradient: &v1.GradientOptions{DataType: v1.DataType_DATA_TYPE_FLOAT32},
	})
	check(err)

	refused := client.FailureOf(realign(gateway, &v1.GenerateRequest{}, time.Minute, nil))
	field := ""
	for name := range refused.Fields {
		field = name
	}

	many := int32(1000)
	tooLong := &v1.GenerateRequest{Prompt: prompt, NumInferenceSteps: &many}
	late := realign(gateway, tooLong, 500*time.Millisecond, nil)

	leaving, leave := context.WithCancel(context.Background())
	stream, err := gateway.Realign(leaving, &v1.RealignRequest{Generate: tooLong})
	check(err)
	_, err = stream.Recv()
	check(err)
	leave()
	for err == nil {
		_, err = stream.Recv()
	}

	check(json.NewEncoder(os.Stdout).Encode(map[string]interface{}{
		"serving":  serving,
		"stages":   stages,
		"steps":    steps,
		"png":      hex.EncodeToString(result.GetPng()[:4]),
		"reward":   scored.GetItems()[0].GetReward(),
		"gradient": len(scored.GetItems()[0].GetGradient().GetData()),
		"refused":  spelled(refused.Code),
		"reason":   refused.Reason,
		"field":    field,
		"late":     spelled(status.Code(late)),
		"left":     spelled(status.Code(err)),
	}))
}

// realign runs the flow within a time and shows each event; it returns the error that ended it.
func realign(gateway v1.GatewayServiceClient, generate *v1.GenerateRequest, limit time.Duration, see func(*v1.RealignResponse)) error {
	within, done := context.WithTimeout(context.Background(), limit)
	defer done()
	stream, err := gateway.Realign(within, &v1.RealignRequest{Generate: generate})
	for err == nil {
		var event *v1.RealignResponse
		if event, err = stream.Recv(); err == nil && see != nil {
			see(event)
		}
	}
	if err == io.EOF {
		return nil
	}
	return err
}

// spelled writes a code as the protocol does: INVALID_ARGUMENT.
func spelled(code codes.Code) string {
	if code == codes.Canceled {
		return "CANCELLED"
	}
	var text strings.Builder
	for i, letter := range code.String() {
		if i > 0 && unicode.IsUpper(letter) {
			text.WriteByte('_')
		}
		text.WriteRune(unicode.ToUpper(letter))
	}
	return text.String()
}

func check(err error) {
	if err != nil {
		log.Fatal(fmt.Sprintf("%+v", client.FailureOf(err)))
	}
}
