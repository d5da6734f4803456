"""From what Claude and other people wrote to paragraphs with styles. No Qt, and nothing is interpreted
but the few marks of Markdown: what looks like HTML is text."""
