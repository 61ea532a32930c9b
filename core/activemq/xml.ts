/** XML as a tree of plain elements: attributes and text are escaped here, so that no value can become markup. */
export interface Element {
  name: string;
  attributes: Record<string, string>;
  children: Element[];
  text: string;
}

type Attributes = Record<string, string | number | boolean>;

/** An element with attributes and child elements. */
export const element = (name: string, attributes: Attributes = {}, children: Element[] = []): Element => ({
  name,
  attributes: Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, String(value)])),
  children,
  text: '',
});

/** An element with text. */
export const textElement = (name: string, text: string): Element => ({ name, attributes: {}, children: [], text });

/** A whole document, two spaces a level; `head` becomes a comment above the root. */
export const documentText = (root: Element, head: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<!-- ${head.replaceAll('--', '- -')} -->\n${elementText(root, '')}\n`;

function elementText({ name, attributes, children, text }: Element, indent: string): string {
  const open = `${indent}<${[name, ...Object.entries(attributes).map(attributeText)].join(' ')}`;
  if (text !== '') return `${open}>${escapeXml(text)}</${name}>`;
  if (children.length === 0) return `${open}/>`;
  const inner = children.map((child) => elementText(child, `${indent}  `)).join('\n');
  return `${open}>\n${inner}\n${indent}</${name}>`;
}

const attributeText = ([key, value]: [string, string]): string => `${key}="${escapeXml(value)}"`;

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escapeXml = (text: string): string => text.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? character);
