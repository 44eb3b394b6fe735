"""A session full of what a browser must not be made to do."""

from __future__ import annotations

from alloy_tui.domain.messages import (
    Block,
    ChatMessage,
    DocumentBlock,
    ImageBlock,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
    ToolResultBlock,
)
from alloy_tui.sessions import moves
from alloy_tui.sessions.memory import MemoryStore
from alloy_tui.sessions.nodes import (
    Answer,
    Compaction,
    EffortSwitch,
    ModelSwitch,
    ToolResult,
    UserMessage,
)
from alloy_tui.sessions.store import SessionStore
from tests.sessions.conftest import Talk

MARK = "data-ran"
_RUN = f"document.documentElement.setAttribute('{MARK}','1')"


def attacks(server: str) -> list[str]:
    """Texts that would run a script or fetch something from `server`, were they let."""
    return [
        f"<script>{_RUN}</script>",
        f"</style></title></pre></code></textarea><script>{_RUN}</script>",
        f'"><img src={server}/img onerror="{_RUN}">',
        f'\'><svg onload="{_RUN}"><animate onbegin={_RUN}>',
        f"<iframe src='javascript:{_RUN}'></iframe><iframe srcdoc='<script>{_RUN}</script>'>",
        f"<link rel=stylesheet href={server}/css><style>@import '{server}/import';</style>",
        f"<meta http-equiv=refresh content='0;url={server}/refresh'><base href={server}/>",
        f"<object data={server}/object></object><embed src={server}/embed>",
        f"<form action={server}/form><input autofocus onfocus={_RUN}></form>",
        f"<video src={server}/video autoplay><audio src={server}/audio autoplay>",
        f"![image]({server}/markdown-image) [![x]({server}/y)](javascript:{_RUN})",
        f"[click](javascript:{_RUN}) [click](JaVaScRiPt:{_RUN}) [c](data:text/html,<script>)",
        f"<javascript:{_RUN}> [v](vbscript:x) [f](file:///etc/passwd) [l]( javascript:{_RUN})",
        f"[ref]: {server}/ref\n\n![ref] [x][ref]\n\n[t]({server}/t '\" onmouseover={_RUN}')",
        f'```html" onload="{_RUN}\n<script>{_RUN}</script>\n```',
        f'```<script>\n{_RUN}\n```\n~~~"><script>\nx\n~~~',
        f"| a | b |\n|--:|:-:|\n| <script>{_RUN}</script> | ![]({server}/cell) |",
        f"&lt;script&gt;{_RUN}&lt;/script&gt; &#60;img src={server}/entity&#62;",
        f"<!-- --><!--[if IE]><script>{_RUN}</script><![endif]-->",
        f"<![CDATA[<script>{_RUN}</script>]]><?php <script>{_RUN}</script> ?>",
        f"\x1b]8;;{server}/osc\x07link\x1b]8;;\x07 \u202egnp.exe \u2028<script>{_RUN}</script>",
    ]


def hostile(server: str) -> tuple[SessionStore, str]:
    """A session that holds all of them wherever text can stand, on two branches."""
    store = MemoryStore()
    texts = attacks(server)
    talk = Talk.begin(store, title=texts[1], cwd=texts[2], agent=texts[3])
    first = talk.ask(texts[0])
    for text in texts:
        call = ToolCallBlock(f"call {text}", text, {text: text, "command": text})
        blocks: tuple[Block, ...] = (
            TextBlock(text),
            ThinkingBlock(text),
            call,
            ToolCallBlock(f"bad {text}", text, {}, invalid=text),
            ImageBlock(f'image/png" onerror="{_RUN}', b"x"),
            DocumentBlock(text, b"x", text),
        )
        talk.put(Answer(ChatMessage("assistant", blocks, incomplete=text), text, stop_reason=text))
        image = ImageBlock("image/svg+xml", f"<svg><script>{_RUN}</script></svg>".encode())
        result = ToolResultBlock(call.id, (TextBlock(text), image), is_error=True)
        said = talk.put(ToolResult(result, text, details={"diff": f"+{text}\n-{text}"}))
        talk.keep(moves.checkpoint(talk.tree, said.id, talk.stamps(), label=text))
        talk.put(ModelSwitch(text, text))
        talk.put(EffortSwitch(text, text))
        talk.put(UserMessage(ChatMessage("user", (TextBlock(text),), synthetic=True)))
        talk.put(Compaction((ChatMessage("user", (TextBlock(text),)),), 1, 1))
    talk.keep(moves.branch(talk.tree, first.id, talk.stamps()))
    for text in texts:
        talk.ask(text)
    return store, talk.session
