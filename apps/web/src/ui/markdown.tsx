import { Anchor, Code, List, Table, Text, Title } from '@mantine/core';
import { lexer, type Token, type Tokens } from 'marked';
import { Children, type ReactNode, useMemo } from 'react';

/**
 * What people wrote in markdown. It is read into parts, and only parts that are known here become elements: HTML within it
 * is shown as it was written, and links lead to http(s), addresses and pages of this laboratory alone.
 */
export function Markdown({ text }: { text: string }) {
  const tokens = useMemo(() => lexer(text, { gfm: true, breaks: true }), [text]);
  return <div>{all(tokens)}</div>;
}

const all = (tokens: readonly Token[] | undefined): ReactNode =>
  // They never change their places: what they are called by is their place.
  tokens && Children.toArray(tokens.map(part));

function part(token: Token): ReactNode {
  switch (token.type) {
    case 'space':
    case 'def':
      return null;
    case 'heading': {
      const { depth, tokens } = token as Tokens.Heading;
      // The page has its own first two ranks.
      const order = depth === 1 ? 3 : depth === 2 ? 4 : 5;
      return (
        <Title order={order} size={depth === 1 ? 'h4' : 'h5'} my="xs">
          {all(tokens)}
        </Title>
      );
    }
    case 'paragraph':
      return <Text my="xs">{all(token.tokens)}</Text>;
    case 'blockquote':
      return (
        <Text component="blockquote" c="dimmed" my="xs" ml="md">
          {all(token.tokens)}
        </Text>
      );
    case 'list': {
      const { ordered, items, start } = token as Tokens.List;
      return (
        <List
          type={ordered ? 'ordered' : 'unordered'}
          my="xs"
          withPadding
          {...(ordered ? { start: Number(start) || 1 } : {})}
        >
          {Children.toArray(items.map(itemOf))}
        </List>
      );
    }
    case 'code':
      return (
        <Code block my="xs">
          {(token as Tokens.Code).text}
        </Code>
      );
    case 'codespan':
      return <Code>{(token as Tokens.Codespan).text}</Code>;
    case 'table':
      return <MarkdownTable table={token as Tokens.Table} />;
    case 'hr':
      return <hr />;
    case 'br':
      return <br />;
    case 'strong':
      return <strong>{all(token.tokens)}</strong>;
    case 'em':
      return <em>{all(token.tokens)}</em>;
    case 'del':
      return <del>{all(token.tokens)}</del>;
    case 'link': {
      const { href, tokens } = token as Tokens.Link;
      const to = safeAddress(href);
      return to === undefined ? (
        <>
          {all(tokens)} ({href})
        </>
      ) : (
        <Anchor href={to} rel="noreferrer" inherit underline="always">
          {all(tokens)}
        </Anchor>
      );
    }
    case 'image': {
      const { text, href } = token as Tokens.Image;
      const to = safeAddress(href);
      // Pictures from elsewhere are not loaded: that would tell others who reads here.
      return to === undefined ? (
        text
      ) : (
        <Anchor href={to} rel="noreferrer" inherit underline="always">
          Picture: {text || href}
        </Anchor>
      );
    }
    case 'text':
      return token.tokens ? all(token.tokens) : (token as Tokens.Text).text;
    case 'escape':
      return (token as Tokens.Escape).text;
    default:
      return token.raw;
  }
}

const itemOf = ({ task, checked, tokens }: Tokens.ListItem) => (
  <List.Item>
    {task && (checked ? '☑ ' : '☐ ')}
    {all(tokens.filter(({ type }) => type !== 'checkbox'))}
  </List.Item>
);

const MarkdownTable = ({ table: { header, rows } }: { table: Tokens.Table }) => (
  <Table my="xs" withTableBorder>
    <Table.Thead>
      <Table.Tr>{Children.toArray(header.map(headOf))}</Table.Tr>
    </Table.Thead>
    <Table.Tbody>{Children.toArray(rows.map(rowOf))}</Table.Tbody>
  </Table>
);
const headOf = ({ tokens }: Tokens.TableCell) => <Table.Th scope="col">{all(tokens)}</Table.Th>;
const cellOf = ({ tokens }: Tokens.TableCell) => <Table.Td>{all(tokens)}</Table.Td>;
const rowOf = (row: Tokens.TableCell[]) => <Table.Tr>{Children.toArray(row.map(cellOf))}</Table.Tr>;

/** Undefined where it is nothing that a link may do, such as `javascript:…`. */
export function safeAddress(href: string): string | undefined {
  if (/^\/(?![/\\])/.test(href)) return href;
  try {
    return ['http:', 'https:', 'mailto:'].includes(new URL(href).protocol) ? href : undefined;
  } catch {
    return undefined;
  }
}
