# The image of the API and the workers: `docker run … slipway` serves, `… slipway worker` works, `… slipway migrate`
# brings the database up to date. Base images are arguments, so that a mirror can be used.
ARG NODE_IMAGE=node:20-bookworm-slim

FROM ${NODE_IMAGE} AS packages
WORKDIR /app
COPY package.json package-lock.json ./
# Prisma's own engine is never used
ENV PRISMA_SCHEMA_ENGINE_BINARY=/bin/true
RUN npm ci --include=dev --no-audit --no-fund

FROM packages AS build
COPY . .
RUN npm run build -- --all && npm prune --omit=dev --no-audit --no-fund

FROM ${NODE_IMAGE} AS runtime
# bubblewrap, slirp4netns, nftables and iproute2 are for workers: the sandbox of steps and its network
RUN apt-get update \
  && apt-get install -y --no-install-recommends \
  bubblewrap ca-certificates git git-lfs iproute2 nftables slirp4netns tini \
  && rm -rf /var/lib/apt/lists/* \
  && useradd --system --user-group --create-home --uid 10001 slipway \
  && install -d -o slipway -g slipway /data
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build /app/web/dist ./web/dist
COPY --from=build /app/adapters/temporal ./adapters/temporal
COPY --from=build /app/adapters/hardening ./adapters/hardening
COPY --from=build /app/adapters/config/own-database.mjs ./adapters/config/
COPY --from=build /app/prisma/migrations ./prisma/migrations
COPY --from=build /app/deploy ./deploy
COPY --from=build /app/docs ./docs
ENV NODE_ENV=production SLIPWAY_HOME=/data HOST=0.0.0.0 PORT=8080 MALLOC_ARENA_MAX=2
USER slipway
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/livez`).then((a) => process.exit(a.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["tini", "--", "node", "--enable-source-maps", "--max-semi-space-size=8", "--wasm-tiering-budget=1000000000", "/app/dist/cli.mjs"]
CMD ["api"]
