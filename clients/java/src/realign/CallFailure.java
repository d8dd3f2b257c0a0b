package realign;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import realign.client.v1.BadRequest;
import realign.client.v1.ErrorInfo;
import realign.client.v1.RetryInfo;

/** Why a call failed, from the details of its status. */
public final class CallFailure {
    private static final Metadata.Key<byte[]> DETAILS = Metadata.Key.of("grpc-status-details-bin", Metadata.BINARY_BYTE_MARSHALLER);

    /** The status. */
    public final Status.Code code;

    /** A sentence. */
    public final String message;

    /** What a program can tell apart; empty where the status came from nobody of ours. */
    public final String reason;

    /** Fields of the request that are wrong, with the reason. */
    public final Map<String, String> fields;

    /** When it is worth another call; null = never, or not known. */
    public final Duration retryAfter;

    private CallFailure(Status status, String reason, Map<String, String> fields, Duration retryAfter) {
        this.code = status.getCode();
        this.message = status.getDescription() == null ? "" : status.getDescription();
        this.reason = reason;
        this.fields = fields;
        this.retryAfter = retryAfter;
    }

    /** Reads the error of a call. */
    public static CallFailure of(StatusRuntimeException error) {
        String reason = "";
        Map<String, String> fields = new LinkedHashMap<>();
        Duration retryAfter = null;
        byte[] bytes = error.getTrailers() == null ? null : error.getTrailers().get(DETAILS);
        try {
            if (bytes != null) {
                for (Any detail : realign.client.v1.Status.parseFrom(bytes).getDetailsList()) {
                    String type = detail.getTypeUrl().substring(detail.getTypeUrl().lastIndexOf('/') + 1);
                    if (type.equals("google.rpc.ErrorInfo")) {
                        reason = ErrorInfo.parseFrom(detail.getValue()).getReason();
                    } else if (type.equals("google.rpc.RetryInfo")) {
                        com.google.protobuf.Duration delay = RetryInfo.parseFrom(detail.getValue()).getRetryDelay();
                        retryAfter = Duration.ofSeconds(delay.getSeconds(), delay.getNanos());
                    } else if (type.equals("google.rpc.BadRequest")) {
                        for (BadRequest.FieldViolation violation : BadRequest.parseFrom(detail.getValue()).getFieldViolationsList()) {
                            fields.put(violation.getField(), violation.getDescription());
                        }
                    }
                }
            }
        } catch (InvalidProtocolBufferException unreadable) {
            // details are an extra: the status itself stands
        }
        return new CallFailure(error.getStatus(), reason, fields, retryAfter);
    }
}
