package realign;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.netty.NettyChannelBuilder;

/** Connects to a Realign mesh. */
public final class RealignChannel {
    private static final int MAX_MESSAGE_BYTES = 64 << 20;
    private static final Metadata.Key<String> AUTHORIZATION = Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

    private RealignChannel() {
    }

    /**
     * Opens a channel without TLS; calls are spread over the addresses of a name.
     *
     * @param address host:port, or dns:///name:port
     * @param key what calls carry; null or empty = none
     */
    public static ManagedChannel connect(String address, String key) {
        NettyChannelBuilder builder = NettyChannelBuilder.forTarget(address).usePlaintext().maxInboundMessageSize(MAX_MESSAGE_BYTES)
                .defaultLoadBalancingPolicy("round_robin").proxyDetector(target -> null);
        if (key != null && !key.isEmpty()) {
            builder.intercept(new Key(key));
        }
        return builder.build();
    }

    private static final class Key implements ClientInterceptor {
        private final String key;

        Key(String key) {
            this.key = key;
        }

        @Override
        public <Q, A> ClientCall<Q, A> interceptCall(MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
            return new ForwardingClientCall.SimpleForwardingClientCall<Q, A>(next.newCall(method, options)) {
                @Override
                public void start(Listener<A> listener, Metadata headers) {
                    headers.put(AUTHORIZATION, "Bearer " + key);
                    super.start(listener, headers);
                }
            };
        }
    }
}
