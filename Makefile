# What you can do here. `make` alone prints this menu. Every target installs what it needs the first time.

.DEFAULT_GOAL := help
.PHONY: help setup demo up package test test-integration check unit integration bench fix clean

help: ## Print this menu
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-17s %s\n", $$1, $$2 }'

setup: node_modules/.ready ## Install Node.js, pnpm and all packages into this folder

demo: node_modules/.ready ## See it work: real webhooks accepted once, retried, dead-lettered, replayed
	@scripts/pnpm --silent demo

up: node_modules/.ready ## Start a server on port 8080 to play with (data in ./millrace-data)
	@MILLRACE_ALLOW_HTTP=true MILLRACE_ALLOWED_PRIVATE_CIDRS=127.0.0.0/8,::1/128 scripts/millrace up

test: node_modules/.ready ## Run every check and every test that needs no docker engine
	@scripts/test

test-integration: node_modules/.ready ## Run the tests of the built system as deployed (needs a docker engine)
	@scripts/test-integration

check: node_modules/.ready ## Format, lint, types, import rules, unused code: without the tests
	@scripts/pnpm --silent check

unit: node_modules/.ready ## Run the unit tests alone
	@scripts/pnpm --silent test:unit

integration: node_modules/.ready ## Run the tests that start the program in processes of its own
	@scripts/pnpm --silent test:integration

bench: node_modules/.ready ## Measure accepting and delivering beside a bare HTTP client (about 10 minutes)
	@scripts/pnpm --silent bench:delivery

package: node_modules/.ready ## Make the zips of the Lambda functions and their layers, in ./dist
	@scripts/pnpm --silent package

fix: node_modules/.ready ## Format the code and mend what the linter can
	@scripts/pnpm --silent fix

clean: ## Remove what was installed and made, but no data
	@rm -rf node_modules packages/*/node_modules coverage dist

node_modules/.ready: pnpm-lock.yaml pnpm-workspace.yaml package.json $(wildcard packages/*/package.json)
	@scripts/setup
