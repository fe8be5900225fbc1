// Streamlit keeps the place in the page when its content changes; a form of steps begins each at its top.

const shown = new WeakMap();

export default function (component) {
  const { parentElement, data } = component;
  const before = shown.get(parentElement);
  shown.set(parentElement, data);
  if (before === undefined) return;
  if (data.problem !== null && data.problem !== before.problem) {
    // The message is drawn after this element.
    setTimeout(() => {
      document.querySelector('[data-testid="stAlertContentError"]')?.scrollIntoView({ block: "center" });
    }, 150);
  } else if (data.step !== before.step) {
    for (let part = parentElement.host ?? parentElement; part !== null; part = part.parentElement) part.scrollTop = 0;
  }
}
