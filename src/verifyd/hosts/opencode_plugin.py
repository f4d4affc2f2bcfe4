"""The plugin that ``verifyd install opencode`` writes: opencode has no command hooks, so this calls ours."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

MARK = "// Written by verifyd install opencode; taken away by verifyd uninstall opencode."


def opencode_plugin(commands: Mapping[str, Sequence[str]], limits_s: Mapping[str, int]) -> str:
    """
    The plugin's text.

    Args:
        commands: Our event to the words of the command.
        limits_s: Our event to the seconds after which it is ended and counts as silent.
    """
    words = json.dumps({event: list(command) for event, command in commands.items()}, indent=2)
    limits = json.dumps(dict(limits_s))
    return PLUGIN.replace("@MARK@", MARK).replace("@COMMANDS@", words).replace("@LIMITS@", limits)


PLUGIN = """\
@MARK@
// Source of the shapes: the types of @opencode-ai/plugin. Everything that goes wrong here lets the agent go on.
import { spawn } from "node:child_process"

const COMMANDS = @COMMANDS@
const LIMITS_S = @LIMITS@
const EDITS = new Set(["edit", "write", "patch", "apply_patch", "multiedit", "bash"])

function ask(event, payload) {
  return new Promise((resolve) => {
    const [program, ...words] = COMMANDS[event]
    const child = spawn(program, words, { stdio: ["pipe", "pipe", "ignore"], cwd: payload.folder })
    const late = setTimeout(() => child.kill("SIGKILL"), LIMITS_S[event] * 1000)
    let said = ""
    child.on("error", () => resolve({}))
    child.stdin.on("error", () => {})
    child.stdout.on("data", (piece) => (said += piece))
    child.on("close", () => {
      clearTimeout(late)
      try {
        resolve(JSON.parse(said || "{}"))
      } catch {
        resolve({})
      }
    })
    child.stdin.end(JSON.stringify(payload))
  })
}

export const Verifyd = async ({ client, directory, worktree }) => {
  const folder = directory || worktree
  const briefs = new Map()
  const continued = new Set()
  const stopped = new Set()
  const children = new Set()

  async function told(text) {
    if (!text) return
    await client.app.log({ body: { service: "verifyd", level: "info", message: text } }).catch(() => {})
    await client.tui.showToast({ body: { message: text, variant: "info" } }).catch(() => {})
  }

  async function ended(session) {
    if (children.has(session)) return
    const aborted = stopped.delete(session)
    const answer = await ask("stop", { session, folder, again: continued.delete(session), aborted })
    await told(answer.person)
    if (!answer.agent) return
    continued.add(session)
    await client.session.prompt({ path: { id: session }, body: { parts: [{ type: "text", text: answer.agent }] } })
  }

  return {
    event: async ({ event }) => {
      const about = event.properties ?? {}
      if (event.type === "session.created" && about.info?.parentID) children.add(about.info.id)
      if (event.type === "session.error" && about.sessionID) stopped.add(about.sessionID)
      if (event.type === "session.idle" && about.sessionID) await ended(about.sessionID).catch(() => {})
      if (event.type === "session.deleted" && about.info?.id) await ask("end", { session: about.info.id, folder })
    },
    "experimental.chat.system.transform": async ({ sessionID }, output) => {
      const session = sessionID ?? ""
      if (!briefs.has(session)) briefs.set(session, ask("start", { session, folder }))
      const answer = await briefs.get(session)
      if (answer.agent) output.system.push(answer.agent)
    },
    "tool.execute.after": async ({ tool, sessionID }, output) => {
      if (!EDITS.has(tool)) return
      const answer = await ask("edit", { session: sessionID, folder })
      if (answer.agent) output.output += `\\n\\n${answer.agent}`
    },
  }
}
"""
