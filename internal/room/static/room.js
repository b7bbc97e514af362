// The control room's pages work without this script. With it, the part of a page that lives is kept up to
// date, and buttons are pressed without leaving the page.
"use strict";

(() => {
  const live = document.getElementById("live");
  const state = document.getElementById("state");
  const notice = document.getElementById("notice");
  const lost = "There is no news from the control room. The figures are old.";
  const retry = 3000; // milliseconds

  // Attributes that are the person's, once the element is there.
  const theirs = { DETAILS: ["open"], INPUT: ["value", "checked"], OPTION: ["selected"] };

  // become has the children of an element be what a text of HTML says.
  function become(element, html) {
    const template = document.createElement("template");
    template.innerHTML = html;
    morphChildren(element, template.content);
  }

  // morph makes a node like another one of its kind, and leaves alone what is the same: focus, selection,
  // scrolling and what is open stay.
  function morph(from, to) {
    if (from.nodeType === Node.ELEMENT_NODE) {
      morphAttributes(from, to);
      morphChildren(from, to);
    } else if (from.nodeValue !== to.nodeValue) {
      from.nodeValue = to.nodeValue;
    }
  }

  function morphAttributes(from, to) {
    const kept = theirs[from.nodeName] ?? [];
    for (const { name } of [...from.attributes]) {
      if (!to.hasAttribute(name) && !kept.includes(name)) from.removeAttribute(name);
    }
    for (const { name, value } of to.attributes) {
      if (from.getAttribute(name) !== value && !kept.includes(name)) from.setAttribute(name, value);
    }
  }

  // morphChildren keeps each child that is still wanted, wherever it is wanted: one with a key for what has the
  // same key, one without for the next of its kind that has none.
  function morphChildren(from, to) {
    const old = [...from.childNodes];
    let at = from.firstChild; // what is before it is done
    for (const wanted of [...to.childNodes]) {
      const found = old.findIndex((node) => alike(node, wanted));
      if (found < 0) {
        from.insertBefore(wanted, at);
        continue;
      }
      const [node] = old.splice(found, 1);
      if (node !== at) bring(node, at);
      at = node.nextSibling;
      morph(node, wanted);
    }
    for (const node of old) node.remove();
  }

  const keyOf = (node) => node.id || node.dataset?.key || "";
  const alike = (a, b) => a.nodeName === b.nodeName && keyOf(a) === keyOf(b);

  // bring moves a node to before a sibling of it. What is moved loses the focus: others make way for what has it.
  function bring(node, at) {
    if (!node.contains(document.activeElement)) {
      at.before(node);
      return;
    }
    while (at !== node) {
      const next = at.nextSibling;
      at.parentNode.append(at);
      at = next;
    }
  }

  // What is still to be shown, by element. It waits while something is pressed, for a press and its release are a
  // click only if they meet the same element; but not for long, for a release can go unseen.
  const news = new Map();
  const longest = 2000; // milliseconds
  let held = 0; // a timer, while something is pressed

  function show() {
    if (held !== 0) return;
    for (const [element, html] of news) become(element, html);
    news.clear();
  }

  function hold() {
    clearTimeout(held);
    held = setTimeout(release, longest);
  }

  function release() {
    clearTimeout(held);
    held = 0;
    setTimeout(show); // after the click that comes of it
  }

  function receive(element, html) {
    news.set(element, html);
    show();
  }

  // listen has the page told of news while somebody can see it: a browser has few connections for one
  // address.
  let source = null;

  function listen() {
    source = new EventSource(live.dataset.live);
    source.addEventListener("live", (event) => receive(live, event.data));
    source.addEventListener("state", (event) => receive(state, event.data));
    source.addEventListener("error", () => {
      if (source === null) return;
      if (state.textContent !== lost) state.textContent = lost;
      if (source.readyState === EventSource.CLOSED) {
        source = null;
        setTimeout(attend, retry);
      }
    });
  }

  function attend() {
    if (document.hidden && source !== null) {
      source.close();
      source = null;
    } else if (!document.hidden && source === null) {
      listen();
    }
  }

  // What is sent by which button. To press it again for the same thing while that is under way, or so soon that
  // it is the other half of a double click, is one press.
  const sent = new WeakMap();
  const again = 500; // milliseconds

  // press sends a form and says what came of it. The button is said to be disabled meanwhile, and is not: it would
  // lose the focus.
  async function press(form, button) {
    const body = new URLSearchParams(new FormData(form, button));
    const what = body.toString();
    if (sent.get(button) === what) return;
    sent.set(button, what);
    button.setAttribute("aria-disabled", "true");
    form.setAttribute("aria-busy", "true");
    notice.textContent = ""; // or the same words a second time are no change, and not read out
    try {
      const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
      const { message } = await answer.json();
      tell(message, answer.ok);
    } catch {
      tell("The control room does not answer. Nothing is known of what was done.", false);
    } finally {
      form.removeAttribute("aria-busy");
      button.removeAttribute("aria-disabled");
      setTimeout(() => { if (sent.get(button) === what) sent.delete(button); }, again);
    }
  }

  // tell says what came of a press. That it was done is old news soon; that it was not stays until the next one.
  const shownFor = 15000; // milliseconds
  let fades = 0; // a timer

  function tell(text, well) {
    clearTimeout(fades);
    notice.textContent = (well ? "✓ " : "✗ ") + text;
    notice.className = well ? "well" : "ill";
    if (well) fades = setTimeout(() => { notice.textContent = ""; }, shownFor);
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!("stay" in form.dataset)) return;
    event.preventDefault();
    press(form, event.submitter);
  });

  if (live !== null && live.dataset.live) {
    for (const name of ["pointerdown", "keydown"]) addEventListener(name, hold, true);
    for (const name of ["pointerup", "pointercancel", "keyup"]) addEventListener(name, release, true);
    document.addEventListener("visibilitychange", attend);
    addEventListener("pagehide", () => { if (source !== null) { source.close(); source = null; } });
    addEventListener("pageshow", attend);
    attend();
  }
})();
