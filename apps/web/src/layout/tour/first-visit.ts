const remembered = 'labwright.tour';

/** True once in the life of a browser: nobody has answered the invitation yet, and this visit began at the front door. */
export function isFirstVisit(): boolean {
  const { pathname, search } = location;
  // Whoever followed a link came for what it leads to.
  if (!/^\/ui\/?$/.test(pathname) || search !== '') return false;
  try {
    return localStorage.getItem(remembered) === null;
  } catch {
    // Where nothing can be remembered, it would be asked each time.
    return false;
  }
}

export function rememberVisit(): void {
  try {
    localStorage.setItem(remembered, 'answered');
  } catch {
    // Then it is not asked either.
  }
}
