# syntax=docker/dockerfile:1
# ttai as an image of what it needs and nothing else: the binary, the libraries that `ldd` names, certificate authorities and a user.
# conformance/deploy runs the steps of the stage `root` in a clean Debian, and the result as the last stage would.

FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
# A binary a fifth smaller than that of `cargo build --release`, for some minutes and 5 GB of memory more.
ENV CARGO_PROFILE_RELEASE_LTO=fat \
    CARGO_PROFILE_RELEASE_CODEGEN_UNITS=1 \
    RUSTFLAGS="-C link-arg=-Wl,-z,pack-relative-relocs"
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    cargo build --release --locked -p ttai && cp target/release/ttai /ttai

FROM debian:bookworm-slim AS root
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates
COPY deploy/image/assemble /assemble
COPY --from=build /ttai /ttai
RUN /assemble /ttai /image

FROM scratch
COPY --from=root /image/ /
COPY --from=root --chown=10001:10001 /image/var/lib/ttai/ /var/lib/ttai/
# Everything else is read-only: run it with --read-only.
VOLUME /var/lib/ttai
WORKDIR /var/lib/ttai
ENV HOME=/var/lib/ttai \
    TTAI_DATA_DIR=/var/lib/ttai \
    TTAI__WORKER__METRICS=0.0.0.0:9464
USER 10001:10001
EXPOSE 9464
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=6 CMD ["/usr/bin/ttai", "health"]
ENTRYPOINT ["/usr/bin/ttai"]
CMD ["worker"]
