/** A fenced code block: its language, the words after it, its text, and the line of its first fence. */
export interface Block {
  language: string;
  words: string[];
  text: string;
  line: number;
}

/** The fenced code blocks of a Markdown text. */
export function blocks(markdown: string): Block[] {
  const found: Block[] = [];
  let open: (Block & { fence: string; indent: number; lines: string[] }) | undefined;
  markdown.split('\n').forEach((line, index) => {
    const fence = /^(\s*)(```+|~~~+)\s*(.*)$/.exec(line);
    if (open) {
      if (fence && fence[2]!.startsWith(open.fence) && fence[3] === '') {
        found.push({
          language: open.language,
          words: open.words,
          text: open.lines.join('\n'),
          line: open.line,
        });
        open = undefined;
      } else open.lines.push(line.slice(Math.min(open.indent, line.length - line.trimStart().length)));
    } else if (fence) {
      const [language = '', ...words] = fence[3]!.trim().split(/\s+/);
      open = {
        language,
        words,
        text: '',
        line: index + 1,
        fence: fence[2]!,
        indent: fence[1]!.length,
        lines: [],
      };
    }
  });
  return found;
}

/** The text without its fenced blocks and code spans: what a reader sees as prose. */
export function prose(markdown: string): string {
  return markdown.replace(/^(\s*)(```+|~~~+)[\s\S]*?^\s*\2\s*$/gm, '').replace(/`[^`\n]*`/g, '');
}

/** Targets of links and images, in order: `path`, `path#anchor` or `#anchor`. */
export function links(markdown: string): string[] {
  return [
    ...prose(markdown).matchAll(
      /\]\(\s*<?([^)>\s]+)>?(?:\s+"[^"]*")?\s*\)|<(?:a|img)\s[^>]*(?:href|src)="([^"]+)"/g,
    ),
  ]
    .map((match) => match[1] ?? match[2]!)
    .filter((target) => !/^[a-z][a-z0-9+.-]*:/i.test(target));
}

/** The anchors that the headings of a text get on GitHub. */
export function anchors(markdown: string): Set<string> {
  const seen = new Map<string, number>();
  const found = new Set<string>();
  for (const [, heading] of markdown
    .replace(/^(```+)[\s\S]*?^\1\s*$/gm, '')
    .matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const slug = heading!
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-');
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    found.add(times === 0 ? slug : `${slug}-${times}`);
  }
  return found;
}
