/** What `/ui/` shows while there are no pages: what to do, and it looks again by itself. */
export const notBuilt = (nonce: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="4">
<title>Labwright: the pages are not built yet</title>
<style nonce="${nonce}">
:root { color-scheme: light dark; font: 16px/1.6 system-ui, sans-serif; }
body { max-width: 38rem; margin: 12vh auto; padding: 0 1.5rem; }
code { font: 0.95em ui-monospace, monospace; }
</style>
</head>
<body>
<main>
<h1>The laboratory runs; its pages are not built yet</h1>
<p><code>npm start</code> builds them by itself, once, which takes up to a minute: this page looks again every few seconds.</p>
<p>Anywhere else, or if nothing changes, build them in the folder of Labwright, and read there what is wrong:</p>
<p><code>npm run build -w @labwright/web</code></p>
<p>Meanwhile everything is there for programs: <a href="/docs">the reference</a>.</p>
</main>
</body>
</html>
`;
