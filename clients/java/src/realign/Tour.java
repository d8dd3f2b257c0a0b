package realign;

import com.google.protobuf.ByteString;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import realign.v1.Captioner.GradientOptions;
import realign.v1.Captioner.ScoreItem;
import realign.v1.Common.DataType;
import realign.v1.Common.Image;
import realign.v1.Gateway.GetMeshStatusRequest;
import realign.v1.Gateway.RealignRequest;
import realign.v1.Gateway.RealignResponse;
import realign.v1.Gateway.RealignResult;
import realign.v1.Gateway.ServiceState;
import realign.v1.GatewayServiceGrpc;
import realign.v1.Generator.GenerateRequest;
import realign.v1.Reward.RewardKind;
import realign.v1.Reward.RewardSpec;
import realign.v1.Reward.ScoreRequest;
import realign.v1.Reward.ScoreResponse;
import realign.v1.RewardServiceGrpc;

/**
 * What a client of a Realign mesh does: status, a flow with progress, a reward with its gradient, an error with its details, a deadline, leaving.
 * Arguments: 127.0.0.1:5100 [PROMPT]; prints what it saw as JSON. REALIGN_KEY is the key, where the mesh asks for one.
 */
public final class Tour {
    private Tour() {
    }

    public static void main(String[] arguments) throws InterruptedException {
        String prompt = arguments.length > 1 ? arguments[1] : "a red car and a pink elephant";
        ManagedChannel channel = RealignChannel.connect(arguments[0], System.getenv("REALIGN_KEY"));
        GatewayServiceGrpc.GatewayServiceBlockingStub gateway = GatewayServiceGrpc.newBlockingStub(channel);

        long serving = gateway.withDeadlineAfter(10, TimeUnit.SECONDS).getMeshStatus(GetMeshStatusRequest.getDefaultInstance()).getServicesList()
                .stream().filter(service -> service.getState() == ServiceState.SERVICE_STATE_SERVING).count();

        List<String> stages = new ArrayList<>();
        int steps = 0;
        RealignResult result = null;
        Iterator<RealignResponse> events = gateway.withDeadlineAfter(2, TimeUnit.MINUTES)
                .realign(request(GenerateRequest.newBuilder().setPrompt(prompt).setSeed(0)));
        while (events.hasNext()) {
            RealignResponse event = events.next();
            if (event.hasStarted()) {
                stages.add("\"" + event.getStage() + "\"");
            }
            steps += event.hasProgress() ? 1 : 0;
            result = event.hasResult() ? event.getResult() : result;
        }

        ScoreResponse scored = RewardServiceGrpc.newBlockingStub(channel).withDeadlineAfter(1, TimeUnit.MINUTES).score(ScoreRequest.newBuilder()
                .addItems(ScoreItem.newBuilder().setPrompt(prompt).setImage(Image.newBuilder().setEncoded(result.getPng())))
                .addRewards(RewardSpec.newBuilder().setKind(RewardKind.REWARD_KIND_LIKELIHOOD))
                .setGradient(GradientOptions.newBuilder().setDataType(DataType.DATA_TYPE_FLOAT32)).build());

        CallFailure refused = failure(gateway.withDeadlineAfter(1, TimeUnit.MINUTES), GenerateRequest.newBuilder());
        GenerateRequest.Builder tooLong = GenerateRequest.newBuilder().setPrompt(prompt).setNumInferenceSteps(1000);
        CallFailure late = failure(gateway.withDeadlineAfter(500, TimeUnit.MILLISECONDS), tooLong);
        Status.Code left = leave(gateway, tooLong);

        System.out.println("{\"serving\": " + serving + ", \"stages\": " + stages + ", \"steps\": " + steps + ", \"png\": \"" + hex(result.getPng())
                + "\", \"reward\": " + scored.getItems(0).getReward() + ", \"gradient\": " + scored.getItems(0).getGradient().getData().size()
                + ", \"refused\": \"" + refused.code + "\", \"reason\": \"" + refused.reason + "\", \"field\": \""
                + refused.fields.keySet().stream().collect(Collectors.joining()) + "\", \"late\": \"" + late.code + "\", \"left\": \"" + left + "\"}");
        channel.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
    }

    private static RealignRequest request(GenerateRequest.Builder generate) {
        return RealignRequest.newBuilder().setGenerate(generate).build();
    }

    private static CallFailure failure(GatewayServiceGrpc.GatewayServiceBlockingStub gateway, GenerateRequest.Builder generate) {
        try {
            gateway.realign(request(generate)).forEachRemaining(event -> { });
            throw new IllegalStateException("the call ended well");
        } catch (StatusRuntimeException error) {
            return CallFailure.of(error);
        }
    }

    /** Leaves a call after its first event. */
    private static Status.Code leave(GatewayServiceGrpc.GatewayServiceBlockingStub gateway, GenerateRequest.Builder generate) {
        Context.CancellableContext leaving = Context.current().withCancellation();
        Status.Code[] left = {Status.Code.OK};
        leaving.run(() -> {
            try {
                Iterator<RealignResponse> events = gateway.realign(request(generate));
                events.next();
                leaving.cancel(null);
                events.forEachRemaining(event -> { });
            } catch (StatusRuntimeException error) {
                left[0] = error.getStatus().getCode();
            }
        });
        return left[0];
    }

    private static String hex(ByteString png) {
        StringBuilder text = new StringBuilder();
        for (byte value : png.substring(0, 4)) {
            text.append(String.format("%02x", value));
        }
        return text.toString();
    }
}
