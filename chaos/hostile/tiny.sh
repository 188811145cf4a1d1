#!/bin/sh
# The smallest MCP server of revisions up to 2025-11-25 that starts at once: for starting a thousand of them.
# Every tenth leaves a process in a session of its own behind.
if [ $(($$ % 10)) -eq 0 ]; then
  setsid sleep 600 </dev/null >/dev/null 2>&1 &
fi
say() {
  printf '{"jsonrpc":"2.0","id":%s,"result":%s}\n' "$1" "$2"
}
while IFS= read -r line; do
  case $line in *'"id":'*) ;; *) continue ;; esac
  id=${line#*'"id":'}
  id=${id%%[,\}]*}
  case $line in
  *'"initialize"'*) say "$id" '{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"tiny","version":"1.0.0"}}' ;;
  *'"tools/list"'*) say "$id" '{"tools":[{"name":"pid","inputSchema":{"type":"object"}}]}' ;;
  *'"tools/call"'*) say "$id" "{\"content\":[{\"type\":\"text\",\"text\":\"$$\"}]}" ;;
  *'"ping"'*) say "$id" '{}' ;;
  *) printf '{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"Method not found"}}\n' "$id" ;;
  esac
done
