// The composer: typing, completion of commands, quick commands, files.
import { $, el, toast, api } from './dom.js';

export class Composer {
  constructor(state, W) {
    this.state = state;
    this.W = W;
    this.box = $('#text');
    this.list = $('#complete');
    this.at = -1;
    this.history = [];
    this.past = 0;
    this.box.addEventListener('input', () => { this.grow(); this.suggest(); });
    this.box.addEventListener('keydown', (e) => this.key(e));
    this.box.addEventListener('blur', () => setTimeout(() => this.hide(), 150));
    $('#send').addEventListener('click', () => this.submit());
    $('#attach').addEventListener('click', () => $('#file').click());
    $('#file').addEventListener('change', (e) => { this.upload(e.target.files); e.target.value = ''; });
    this.drops();
  }

  open(chat) {
    const w = this.W();
    this.box.placeholder = chat.group ? w.phGroup : w.ph;
    this.box.setAttribute('aria-label', this.box.placeholder);
    const menu = this.state.commands.filter((c) => c.menu);
    $('#quick').replaceChildren(...menu.map((c) => el('button', { type: 'button', class: 'chip', title: c.summary, onclick: () => this.send((chat.group ? '@bot ' : '') + '/' + c.name) }, '/' + c.name)));
    this.hide();
  }

  grow() {
    this.box.rows = Math.min(6, Math.max(1, this.box.value.split('\n').length));
  }

  suggest() {
    const m = /^(?:@bot\s+)?[\/\uff0f]?(\S*)$/.exec(this.box.value);
    const typed = this.box.value.replace(/^@bot\s+/, '');
    if (!m || !typed || (!/^[\/\uff0f]/.test(typed) && typed.length < 1)) return this.hide();
    const slash = /^[\/\uff0f]/.test(typed);
    const q = m[1].toLowerCase();
    const hits = this.state.commands.filter((c) => [c.name, ...c.aliases].some((n) => n.toLowerCase().startsWith(q)));
    if (!hits.length || (!slash && !q)) return this.hide();
    this.at = -1;
    this.list.replaceChildren(...hits.slice(0, 8).map((c) => el('li', { role: 'option', 'data-name': c.name, onmousedown: (e) => { e.preventDefault(); this.take(c); } },
      el('strong', {}, '/' + c.name), el('span', { class: 'usage' }, c.usage), el('small', {}, c.summary))));
    this.list.hidden = false;
  }

  hide() { this.list.hidden = true; this.at = -1; }

  take(c) {
    const bot = /^@bot\s+/.exec(this.box.value);
    this.box.value = (bot ? '@bot ' : '') + '/' + c.name + (c.usage ? ' ' : '');
    this.hide();
    this.box.focus();
  }

  key(e) {
    const items = [...this.list.children];
    if (!this.list.hidden && (e.key === 'ArrowDown' || e.key === 'ArrowUp')) {
      e.preventDefault();
      this.at = (this.at + (e.key === 'ArrowDown' ? 1 : -1) + items.length) % items.length;
      items.forEach((n, i) => n.setAttribute('aria-selected', i === this.at));
      return;
    }
    if (!this.list.hidden && (e.key === 'Tab' || (e.key === 'Enter' && this.at >= 0))) {
      e.preventDefault();
      const name = items[Math.max(0, this.at)].dataset.name;
      return this.take(this.state.commands.find((c) => c.name === name));
    }
    if (e.key === 'Escape') return this.hide();
    if (e.key === 'ArrowUp' && !this.box.value && this.history.length) {
      e.preventDefault();
      this.box.value = this.history[this.history.length - 1];
      return;
    }
    if (e.key === 'Enter' && !e.shiftKey && !e.isComposing) {
      e.preventDefault();
      this.submit();
    }
  }

  submit() {
    const text = this.box.value.trim();
    if (!text) return;
    this.box.value = '';
    this.grow();
    this.hide();
    this.send(text);
  }

  async send(text) {
    this.history.push(text);
    try {
      await api('/api/send', { chat: this.state.chat, text }, this.state.me.id);
    } catch (e) {
      toast(e.message, 'error');
      if (!this.box.value) this.box.value = text; // nothing typed is lost
    }
  }

  async upload(files) {
    if (!files.length) return;
    const form = new FormData();
    for (const f of files) form.append('file', f, f.name);
    try {
      await api('/api/upload?chat=' + this.state.chat, form, this.state.me.id);
    } catch (e) {
      toast(e.message, 'error');
    }
  }

  drops() {
    const main = $('.main'), drop = $('#drop');
    let depth = 0;
    main.addEventListener('dragenter', (e) => { e.preventDefault(); depth++; drop.hidden = false; });
    main.addEventListener('dragleave', () => { if (--depth <= 0) { depth = 0; drop.hidden = true; } });
    main.addEventListener('dragover', (e) => e.preventDefault());
    main.addEventListener('drop', (e) => { e.preventDefault(); depth = 0; drop.hidden = true; this.upload(e.dataTransfer.files); });
  }
}
