# rtpengine from Debian: the audio of registered phones. In user space, so it needs no rights.
# docker build -f deploy/rtpengine.Dockerfile -t ariswitch-rtpengine deploy
ARG DEBIAN=debian:bookworm-slim
FROM ${DEBIAN}
RUN apt-get update \
 && apt-get install -y --no-install-recommends rtpengine-daemon \
 && rm -rf /var/lib/apt/lists/*
USER nobody
EXPOSE 2223/udp
# RTP_ADDRESS: the address that phones see, where it is not the container's own.
ENV RTP_ADDRESS="" RTP_FIRST=30000 RTP_LAST=30999
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
  CMD ["bash", "-c", "exec 3<>/dev/udp/127.0.0.1/2223 && printf '1 d7:command4:pinge' >&3 && timeout 3 head -c 18 <&3 | grep -q pong"]
ENTRYPOINT ["/bin/sh", "-c", "exec rtpengine --config-file=none --foreground --log-stderr --log-level=5 --table=-1 --pidfile=/tmp/rtpengine.pid --interface=\"$(hostname -i)${RTP_ADDRESS:+!$RTP_ADDRESS}\" --listen-ng=0.0.0.0:2223 --endpoint-learning=heuristic --port-min=${RTP_FIRST} --port-max=${RTP_LAST}"]
