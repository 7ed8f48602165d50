import { useLocation, useNavigate } from '@tanstack/react-router';

/** What stands in the address behind the `?`: texts, and lists of texts where a name comes several times. */
export type SearchValues = Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * Filters that live in the address: a link to a page is a link to what it shows. An empty value is taken out.
 *
 *     const [filters, setFilters] = useFilters<'status' | 'q'>();
 *     setFilters({ status: 'running' });
 */
export function useFilters<Name extends string>() {
  const search = useLocation().search as Readonly<Partial<Record<Name, string>>>;
  const navigate = useNavigate();
  const change = (changes: Readonly<Partial<Record<Name, string | undefined>>>) =>
    void navigate({
      to: '.',
      search: (before: SearchValues) => ({ ...before, ...(changes as SearchValues) }),
      // Typing in a field is no step to go back to.
      replace: true,
      resetScroll: false,
    });
  return [search, change] as const;
}
