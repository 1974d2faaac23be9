import { useState, type ReactElement } from 'react';
import { createRoot } from 'react-dom/client';
import { Unsupported } from '../src/room/home/Unsupported.tsx';
import { Home } from '../src/room/home/Home.tsx';
import { useTheme } from '../src/room/hooks/use-theme.ts';
import { Fault } from '../src/room/ui/Fault.tsx';
import { VisitView } from '../src/room/VisitView.tsx';
import { stories, type Story } from './stories.ts';
import '../src/room/styles/base.css';
import '../src/room/styles/home.css';

/** Draws the story that `?story=` names, or the list of them. */
function Page({ story }: { readonly story: Story }): ReactElement {
  const theme = useTheme();
  const [visit] = useState(() => (story.kind === 'visit' ? story.make() : null));
  if (story.kind === 'broken') {
    return (
      <Fault>
        <Broken />
      </Fault>
    );
  }
  if (story.kind === 'home') return <Home theme={theme} />;
  if (story.kind === 'unsupported') {
    return <Unsupported support={{ kind: 'none', title: 'This browser has no WebRTC', cure: story.cure }} />;
  }
  if (visit === null) return <p>There is nothing to visit.</p>;
  return <VisitView visit={visit} support={story.support ?? { kind: 'full' }} theme={theme} />;
}

function Broken(): ReactElement {
  throw new Error('A story of a fault.');
}

const name = new URLSearchParams(location.search).get('story') ?? '';
const story = stories[name];
const place = document.getElementById('app');
if (place === null) throw new Error('index.html has no #app');
createRoot(place).render(
  story === undefined ? (
    <ul>
      {Object.keys(stories).map((key) => (
        <li key={key}>
          <a href={`?story=${key}`}>{key}</a>
        </li>
      ))}
    </ul>
  ) : (
    <Page story={story} />
  ),
);
