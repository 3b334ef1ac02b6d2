// SPDX-License-Identifier: Apache-2.0
// Configurations out of the documents, so that what is written there is what was run.
import { readFileSync } from 'node:fs';

// The code block of a page's section, with texts replaced: { 'from': 'to' }.
export function blockOf(page, section, places = {}) {
  const text = readFileSync(new URL(`../../../docs/${page}`, import.meta.url), 'utf8');
  const block = new RegExp(`^## ${section}\\n[^]*?^\`\`\`\\w*\\n([^]*?)^\`\`\``, 'm').exec(text)?.[1];
  if (!block) throw new Error(`docs/${page} has no block in ${section}`);
  return Object.entries(places).reduce((all, [from, to]) => {
    if (!all.includes(from)) throw new Error(`docs/${page}, ${section}: no ${from}`);
    return all.replaceAll(from, to);
  }, block);
}
