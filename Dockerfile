# The proxy in an image of its own: the program as it was built, nothing else, and not root.
FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci
COPY rolldown.config.ts ./
COPY src ./src
RUN npm run build

FROM node:24-slim
ENV NODE_ENV=production
COPY --from=build /app/dist /app/dist
COPY package.json LICENSE /app/
# config.yaml is looked for here, and relative paths in it start here.
WORKDIR /etc/sf-auth-proxy
# What is compiled is kept by user, and makes each start faster. Without a configuration `serve` ends with 2, all of it compiled.
RUN install -d -o node /app/node_modules/.cache
USER node
RUN node /app/dist/cli.js serve || [ $? -eq 2 ]
EXPOSE 8080
# Alive is whoever takes a connection; whether Salesforce can be reached is another question.
HEALTHCHECK --interval=30s --timeout=3s --start-period=5s \
  CMD ["node", "-e", "require('node:net').connect(8080, '127.0.0.1').on('connect', () => process.exit(0)).on('error', () => process.exit(1))"]
ENTRYPOINT ["node", "/app/dist/cli.js"]
CMD ["serve", "--listen", "0.0.0.0:8080"]
