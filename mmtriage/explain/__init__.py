"""What a finding, a verdict or a rung means, and what to do: the pages behind `mmtriage explain`.

Pure functions: `topics()` lists what there is, `page(topic)` reads one page (`pages(topic)` all that share a
name), `as_text` lays pages out. Nothing here imports the engine, so an answer is immediate.
"""

from mmtriage.explain.layout import as_text, contents
from mmtriage.explain.library import Page, Section, Topic, is_topic, page, pages, topics
from mmtriage.explain.page_text import blocks

__all__ = ["Page", "Section", "Topic", "as_text", "blocks", "contents", "is_topic", "page", "pages", "topics"]
