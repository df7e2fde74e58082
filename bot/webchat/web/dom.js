// Small helpers around the DOM. Text is always set as text.
export const $ = (s, root = document) => root.querySelector(s);

export function el(tag, attrs = {}, ...children) {
  const n = document.createElement(tag);
  for (const [k, v] of Object.entries(attrs)) {
    if (k === 'class') n.className = v;
    else if (k.startsWith('on')) n.addEventListener(k.slice(2), v);
    else if (v === true) n.setAttribute(k, '');
    else if (v !== false && v != null) n.setAttribute(k, v);
  }
  for (const c of children.flat()) if (c != null) n.append(c);
  return n;
}

export function toast(text, tone = 'info') {
  const n = el('div', { class: 'toast toast-' + tone, role: 'status' }, text);
  $('#toasts').append(n);
  setTimeout(() => n.remove(), Math.max(3500, 90 * text.length));
}

export async function api(path, body, as) {
  const sep = path.includes('?') ? '&' : '?';
  const opts = body === undefined ? {} : { method: 'POST', headers: { 'X-Crmbot': '1' }, body: body instanceof FormData ? body : JSON.stringify(body) };
  const r = await fetch(path + (as ? sep + 'as=' + as : ''), opts);
  const v = await r.json().catch(() => ({ error: r.statusText }));
  if (!r.ok) throw new Error(v.error || r.statusText);
  return v;
}

export function hue(name) {
  let h = 0;
  for (const c of name) h = (h * 31 + c.codePointAt(0)) % 8;
  return 'hue' + h;
}

export function initial(name) {
  return /^[\x00-\x7f]/.test(name) ? name.slice(0, 1).toUpperCase() : name.slice(-2);
}
