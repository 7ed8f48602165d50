import {
  Bell,
  CalendarRange,
  ClipboardCheck,
  Cog,
  Files,
  FileText,
  Grid3x3,
  KeyRound,
  LayoutGrid,
  ListChecks,
  ListOrdered,
  type LucideIcon,
  MessagesSquare,
  ShieldCheck,
  TestTubes,
  Users,
} from 'lucide-react';

import type { Role } from '../api/session.ts';

export interface Destination {
  readonly to: string;
  readonly label: string;
  readonly icon: LucideIcon;
  /** Further words that lead here in the command palette. */
  readonly words?: string;
  /** Shown to whoever has at least this role. Default: everybody. */
  readonly role?: Role;
}

export interface Section {
  readonly label: string;
  readonly items: readonly Destination[];
}

/** The pages of the sidebar and of the command palette, in their order: one line each. */
export const sections: readonly Section[] = [
  {
    label: 'Laboratory',
    items: [
      { to: '/', label: 'Lab', icon: LayoutGrid, words: 'devices instruments overview home' },
      { to: '/timeline', label: 'Timeline', icon: CalendarRange, words: 'gantt schedule plan past expected' },
      { to: '/workflows', label: 'Workflows', icon: ListChecks, words: 'runs experiments steps new' },
      { to: '/queue', label: 'Queue', icon: ListOrdered, words: 'waiting priority order urgent' },
    ],
  },
  {
    label: 'Work',
    items: [
      { to: '/tasks', label: 'Tasks', icon: ClipboardCheck, words: 'to do operator form bench scan' },
      { to: '/samples', label: 'Samples', icon: TestTubes, words: 'barcode specimens import csv labels' },
      { to: '/plates', label: 'Plates', icon: Grid3x3, words: 'wells labware results' },
      { to: '/files', label: 'Files', icon: Files, words: 'upload download results raw data' },
    ],
  },
  {
    label: 'People',
    items: [
      { to: '/chat', label: 'Chat', icon: MessagesSquare, words: 'talk messages rooms' },
      {
        to: '/notifications',
        label: 'Notifications',
        icon: Bell,
        words: 'subscriptions quiet hours webhook slack mail',
      },
      { to: '/people', label: 'People', icon: Users, words: 'accounts invite roles lock', role: 'admin' },
      {
        to: '/account',
        label: 'Your account',
        icon: KeyRound,
        words: 'password second factor sessions api tokens',
      },
    ],
  },
  {
    label: 'Operation',
    items: [
      { to: '/logs', label: 'Logs', icon: FileText, words: 'execution history operations export' },
      { to: '/jobs', label: 'Jobs', icon: Cog, words: 'queues workers schedules dead letters locks retries' },
      {
        to: '/audit',
        label: 'Audit',
        icon: ShieldCheck,
        words: 'trail chain verify signatures',
        role: 'operator',
      },
    ],
  },
];
