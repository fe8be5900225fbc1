// Puts a camera on its wall and turns it. Everything is in metres east (x) and north (y) of the address;
// the picture has y downwards, so y changes its sign there and nowhere else.

const SVG = "http://www.w3.org/2000/svg";
const KEY_DEGREES = 5;
const BUTTON_DEGREES = 15;
const HANDLE_M = 26; // from the camera to the knob that turns it
const EDGE_M = 7; // the knob stays this far inside the picture
const MOUNT_M = 0.3; // a wall this near is the one the camera hangs on, and hides nothing
const STANDOFF_M = 0.05;
const HOUSES_IN_THE_WAY = 4;
const COMMIT_MS = 500; // after the last key; leaving the picture does not wait
const WINDS = ["north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west"];

const placers = new WeakMap();

export default function (component) {
  const { parentElement, data, setStateValue } = component;
  let placer = placers.get(parentElement);
  if (placer === undefined || !placer.root.isConnected) {
    placer = newPlacer(parentElement, data.view);
    placers.set(parentElement, placer);
  }
  placer.update(data, (view) => setStateValue("view", view));
}

function newPlacer(parent, view) {
  const root = html("div", { class: "placer" }, parent);
  const svg = element("svg", {}, root);
  const ground = element("g", {}, svg);
  const reach = element("path", { class: "reach" }, svg);
  const seen = element("path", { class: "seen" }, svg);
  const names = element("g", { "aria-hidden": "true" }, svg);
  const camera = element("g", { class: "camera", tabindex: "0" }, svg);
  const axis = element("line", { class: "axis" }, camera);
  const dotGrip = element("circle", { class: "grip dot-grip" }, camera);
  const dot = element("circle", { class: "dot", "pointer-events": "none" }, camera);
  const knobGrip = element("circle", { class: "grip knob-grip" }, camera);
  const knob = element("circle", { class: "knob", "pointer-events": "none" }, camera);
  const arrow = element("path", { class: "arrow" }, camera);
  const measure = element("g", { class: "measure", "aria-hidden": "true" }, svg);
  const below = html("div", { class: "below" }, root);
  const status = html("p", { class: "status", role: "status" }, below);
  const left = html("button", { type: "button" }, below);
  const right = html("button", { type: "button" }, below);
  for (const [button, sign, words] of [[left, "↺", "Turn left"], [right, "↻", "Turn right"]]) {
    button.textContent = `${sign} ${words}`;
    button.setAttribute("aria-label", words);
  }

  let data = null;
  let send = () => {};
  let walls = [];
  let state = { ...view };
  let sent = JSON.stringify(state);
  let timer = 0;

  const turns = () => data.turning && data.hfov < 360;
  // Before anybody has turned the camera, a faint view towards the street shows what there is to turn.
  const azimuth = () => state.azimuth ?? towardsStreet(state, data.streets);

  function commit() {
    clearTimeout(timer);
    const text = JSON.stringify(state);
    if (text !== sent) {
      sent = text;
      send({ ...state });
    }
  }

  function change(next, later) {
    const limit = data.reach;
    state = {
      x: round(Math.min(Math.max(next.x ?? state.x, -limit), limit), 2),
      y: round(Math.min(Math.max(next.y ?? state.y, -limit), limit), 2),
      azimuth: next.azimuth === undefined ? state.azimuth : (((Math.round(next.azimuth) % 360) + 360) % 360),
    };
    draw();
    clearTimeout(timer);
    if (later !== undefined) timer = setTimeout(commit, later);
  }

  function draw() {
    const { x, y } = state;
    const heading = azimuth();
    const set = state.azimuth !== null;
    root.classList.toggle("unset", turns() && !set);
    place(dot, x, y);
    place(dotGrip, x, y);
    const knobAt = knobPlace(x, y, heading, data.radius);
    for (const part of [axis, knob, knobGrip, arrow]) part.toggleAttribute("hidden", !turns());
    seen.toggleAttribute("hidden", !data.turning);
    reach.toggleAttribute("hidden", !data.turning);
    left.hidden = right.hidden = !turns();
    if (turns()) {
      place(knob, knobAt.x, knobAt.y);
      place(knobGrip, knobAt.x, knobAt.y);
      attributes(axis, { x1: x, y1: -y, x2: knobAt.x, y2: -knobAt.y });
      attributes(arrow, {
        d: "M -0.9 0.5 L 0 -0.7 L 0.9 0.5",
        transform: `translate(${knobAt.x} ${-knobAt.y}) rotate(${heading}) scale(${4.2 * metresAPixel()})`,
        "vector-effect": "non-scaling-stroke",
      });
    }
    if (data.turning) {
      const from = data.outdoor ? mounted(state, heading, data.hfov, data.buildings, walls) : state;
      attributes(seen, { d: outline(from, heading, data.hfov, data.range, walls) });
      attributes(reach, { d: outline(state, heading, data.hfov, data.range, []) });
    }
    describe(set);
  }

  function describe(set) {
    const { x, y } = state;
    const where = position(x, y);
    if (turns()) {
      const text = set ? `Camera looks ${wind(state.azimuth)}, ${state.azimuth} degrees` : "No direction chosen yet";
      attributes(camera, {
        role: "slider",
        "aria-label": "Direction of the camera. Left and right arrow keys turn it; with shift, arrow keys move it.",
        "aria-valuemin": 0,
        "aria-valuemax": 359,
        "aria-valuenow": azimuth(),
        "aria-valuetext": text,
      });
      show(set ? `${text}.` : "Tap where the camera looks, or turn it with the buttons.");
    } else {
      attributes(camera, { role: "application", "aria-label": `Camera, ${where}. Arrow keys move it by one metre.` });
      for (const name of ["valuemin", "valuemax", "valuenow", "valuetext"]) camera.removeAttribute(`aria-${name}`);
      show(data.turning ? "The camera sees all round." : `The dot is ${where}.`);
    }
  }

  function show(text) {
    if (status.textContent !== text) status.textContent = text;
  }

  function metresAPixel() {
    const box = svg.getBoundingClientRect();
    return (2 * data.radius) / (Math.min(box.width, box.height) || 2 * data.radius);
  }

  function at(event) {
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    return { x: point.x, y: -point.y };
  }

  function draggable(grip, follow) {
    let offset = null;
    grip.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      const here = at(event);
      offset = { x: here.x - Number(grip.getAttribute("cx")), y: here.y + Number(grip.getAttribute("cy")) };
      grip.setPointerCapture(event.pointerId);
      event.preventDefault();
      camera.focus({ preventScroll: true, focusVisible: false });
    });
    grip.addEventListener("pointermove", (event) => {
      if (offset === null) return;
      const here = at(event);
      follow({ x: here.x - offset.x, y: here.y - offset.y });
    });
    for (const end of ["pointerup", "pointercancel"]) {
      grip.addEventListener(end, () => {
        if (offset === null) return;
        offset = null;
        if (grip === knobGrip) change({ azimuth: azimuth() }); // a tap on the knob says: yes, like this
        commit();
      });
    }
    grip.addEventListener("click", (event) => event.stopPropagation());
  }

  const towards = (point) => {
    if (Math.hypot(point.x - state.x, point.y - state.y) > 0.5) change({ azimuth: bearing(state, point) });
  };
  draggable(dotGrip, (point) => change(point));
  draggable(knobGrip, towards);

  svg.addEventListener("click", (event) => {
    if (turns()) towards(at(event));
    else change(at(event));
    commit();
  });

  camera.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (step === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    if (turns() && !event.shiftKey) change({ azimuth: azimuth() + KEY_DEGREES * (step[0] + step[1]) }, COMMIT_MS);
    else change({ x: state.x + step[0], y: state.y + step[1] }, COMMIT_MS);
  });
  root.addEventListener("focusout", commit);
  left.addEventListener("click", () => change({ azimuth: azimuth() - BUTTON_DEGREES }, COMMIT_MS));
  right.addEventListener("click", () => change({ azimuth: azimuth() + BUTTON_DEGREES }, COMMIT_MS));

  function resized() {
    if (data === null) return;
    svg.style.setProperty("--metres", metresAPixel());
    drawNames(names, data, metresAPixel());
    drawMeasure(measure, data.radius, metresAPixel());
    draw();
  }
  new ResizeObserver(resized).observe(svg);

  function update(fresh, sendFresh) {
    const moved = data === null || JSON.stringify(fresh.streets) !== JSON.stringify(data.streets);
    const otherHouses = data === null || JSON.stringify(fresh.buildings) !== JSON.stringify(data.buildings);
    send = sendFresh;
    data = fresh;
    if (moved || otherHouses) {
      state = { ...data.view };
      sent = JSON.stringify(state);
      const r = data.radius;
      attributes(svg, { viewBox: `${-r} ${-r} ${2 * r} ${2 * r}`, role: "group" });
      svg.setAttribute("aria-label", "Streets and houses around the address, with the camera.");
      walls = data.buildings.flatMap((corners) => corners.slice(1).map((end, i) => [...corners[i], ...end]));
      ground.replaceChildren();
      for (const { line } of data.streets) element("path", { class: "street", d: path(line) }, ground);
      for (const corners of data.buildings) element("path", { class: "house", d: `${path(corners)}Z` }, ground);
    }
    resized();
  }

  return { root, update };
}

// Geometry ------------------------------------------------------------------------------------

function bearing(from, to) {
  return (Math.atan2(to.x - from.x, to.y - from.y) * 180) / Math.PI;
}

function unit(degrees) {
  const radians = (degrees * Math.PI) / 180;
  return { x: Math.sin(radians), y: Math.cos(radians) };
}

// How far a ray gets before a wall, at most `limit`. Walls nearer than `least` do not count.
function free(from, direction, limit, walls, least) {
  let nearest = limit;
  for (const [x0, y0, x1, y1] of walls) {
    const ex = x1 - x0;
    const ey = y1 - y0;
    const across = direction.x * ey - direction.y * ex;
    if (across === 0) continue;
    const px = x0 - from.x;
    const py = y0 - from.y;
    const distance = (px * ey - py * ex) / across;
    const along = (px * direction.y - py * direction.x) / across;
    if (distance > least && distance < nearest && along >= 0 && along <= 1) nearest = distance;
  }
  return nearest;
}

function inside(point, corners) {
  let within = false;
  for (let i = 1; i < corners.length; i += 1) {
    const [x0, y0] = corners[i - 1];
    const [x1, y1] = corners[i];
    if (y0 > point.y !== y1 > point.y && point.x < x0 + ((point.y - y0) / (y1 - y0)) * (x1 - x0)) within = !within;
  }
  return within;
}

// An outdoor camera drawn inside a house hangs on its wall: where its view leaves the house, or, all round,
// on the nearest wall.
function mounted(point, heading, hfov, houses, walls) {
  let at = { x: point.x, y: point.y };
  for (let i = 0; i < HOUSES_IN_THE_WAY; i += 1) {
    const house = houses.find((corners) => inside(at, corners));
    if (house === undefined) return at;
    const own = house.slice(1).map((end, k) => [...house[k], ...end]);
    const tried = hfov < 360 ? [heading] : Array.from({ length: 72 }, (_, k) => k * 5);
    const ways = tried.map((degrees) => ({ degrees, far: free(at, unit(degrees), Infinity, own, 0) }));
    const way = ways.reduce((best, one) => (one.far < best.far ? one : best));
    if (!Number.isFinite(way.far)) return at;
    const { x, y } = unit(way.degrees);
    at = { x: at.x + x * (way.far + STANDOFF_M), y: at.y + y * (way.far + STANDOFF_M) };
  }
  return at;
}

// The outline of what is seen: one ray a degree.
function outline(from, heading, hfov, range, walls) {
  const rays = Math.max(2, Math.ceil(hfov));
  const first = heading - hfov / 2;
  const points = [];
  for (let i = 0; i <= rays; i += 1) {
    const direction = unit(first + (hfov * i) / rays);
    const far = free(from, direction, range, walls, MOUNT_M);
    points.push([from.x + direction.x * far, from.y + direction.y * far]);
  }
  if (hfov < 360) points.push([from.x, from.y]);
  return `${path(points)}Z`;
}

// At HANDLE_M from the camera, but inside the picture.
function knobPlace(x, y, heading, radius) {
  const direction = unit(heading);
  const room = (position, step) => (step === 0 ? Infinity : ((radius - EDGE_M) * Math.sign(step) - position) / step);
  const far = Math.min(HANDLE_M, room(x, direction.x), room(y, direction.y));
  return { x: x + direction.x * far, y: y + direction.y * far };
}

function towardsStreet(point, streets) {
  let best = { far: Infinity, x: point.x, y: point.y + 1 };
  for (const { line } of streets) {
    for (let i = 1; i < line.length; i += 1) {
      const [x0, y0] = line[i - 1];
      const [x1, y1] = line[i];
      const square = (x1 - x0) ** 2 + (y1 - y0) ** 2 || 1;
      const share = Math.min(Math.max(((point.x - x0) * (x1 - x0) + (point.y - y0) * (y1 - y0)) / square, 0), 1);
      const near = { x: x0 + share * (x1 - x0), y: y0 + share * (y1 - y0) };
      const far = Math.hypot(near.x - point.x, near.y - point.y);
      if (far < best.far) best = { far, ...near };
    }
  }
  return (((Math.round(bearing(point, best) / 5) * 5) % 360) + 360) % 360;
}

// Words ---------------------------------------------------------------------------------------

function wind(degrees) {
  return WINDS[Math.round(degrees / 45) % 8];
}

function position(x, y) {
  const parts = [];
  if (Math.abs(x) >= 0.5) parts.push(`${Math.abs(Math.round(x))} m ${x > 0 ? "east" : "west"}`);
  if (Math.abs(y) >= 0.5) parts.push(`${Math.abs(Math.round(y))} m ${y > 0 ? "north" : "south"}`);
  return parts.length > 0 ? `${parts.join(" and ")} of the address` : "at the address";
}

// Drawing -------------------------------------------------------------------------------------

// Each street's name once, along its longest line, if the line is long enough for it.
function drawNames(group, data, metres) {
  const longest = new Map();
  for (const { name, line } of data.streets) {
    const length = lengthOf(line);
    if (name && length > (longest.get(name)?.length ?? 0)) longest.set(name, { length, line });
  }
  group.replaceChildren();
  for (const [name, { length, line }] of longest) {
    if (length < name.length * 7 * metres) continue;
    // A third of the way along: in the middle it would lie where the camera mostly looks.
    const { x, y, turn } = along(line, length / 3);
    const upright = turn > 90 || turn <= -90 ? turn + 180 : turn;
    const text = element("text", { class: "name", transform: `translate(${x} ${-y}) rotate(${upright})` }, group);
    text.setAttribute("dy", "0.35em");
    text.textContent = name;
  }
}

function lengthOf(line) {
  return line.slice(1).reduce((sum, [x, y], i) => sum + Math.hypot(x - line[i][0], y - line[i][1]), 0);
}

// The point so far along a line, and how the line lies there in the picture.
function along(line, distance) {
  for (let i = 1, left = distance; i < line.length; i += 1) {
    const [x0, y0] = line[i - 1];
    const [dx, dy] = [line[i][0] - x0, line[i][1] - y0];
    const length = Math.hypot(dx, dy);
    if (left <= length) {
      const share = left / length;
      return { x: x0 + share * dx, y: y0 + share * dy, turn: (Math.atan2(-dy, dx) * 180) / Math.PI };
    }
    left -= length;
  }
  return { x: line[0][0], y: line[0][1], turn: 0 };
}

// Which way is north, and how long 20 m are.
function drawMeasure(group, radius, metres) {
  group.replaceChildren();
  const margin = 14 * metres;
  const x = -radius + margin;
  const y = radius - margin;
  element("path", { d: `M ${x} ${y - 4 * metres} V ${y} H ${x + 20} V ${y - 4 * metres}` }, group);
  const scale = element("text", { x: x + 20 + 6 * metres, y: y + 1 * metres }, group);
  scale.textContent = "20 m";
  const top = -radius + margin;
  const north = radius - margin - 2 * metres;
  const tip = `M ${north - 4 * metres} ${top + 5 * metres} L ${north} ${top} L ${north + 4 * metres} ${top + 5 * metres}`;
  element("path", { d: `${tip} M ${north} ${top} V ${top + 13 * metres}` }, group);
  const letter = element("text", { x: north, y: top + 25 * metres, "text-anchor": "middle" }, group);
  letter.textContent = "N";
}

function path(points) {
  return points.map(([x, y], i) => `${i === 0 ? "M" : "L"} ${round(x, 2)} ${round(-y, 2)}`).join(" ");
}

function round(number, decimals) {
  return Number(number.toFixed(decimals));
}

function place(circle, x, y) {
  attributes(circle, { cx: x, cy: -y });
}

function element(name, values, parent) {
  const made = document.createElementNS(SVG, name);
  attributes(made, values);
  return parent.appendChild(made);
}

function html(name, values, parent) {
  const made = document.createElement(name);
  attributes(made, values);
  return parent.appendChild(made);
}

function attributes(on, values) {
  for (const [name, value] of Object.entries(values)) on.setAttribute(name, value);
}
